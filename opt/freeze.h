/* opt/freeze.h: attributes of a module as constants.
 *
 * The graphs of a module's methods, calls inlined, are looked at together: an attribute that none of them may change
 * is the same at each call, and its reads become constants. What is left to read from the module, and so has to stay
 * in it, is told. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPT_FREEZE_H
#define OPT_FREEZE_H

#include "opt/opt.h"

/** A module of the tree as far as the graphs know it. */
typedef struct opt_frozen_module {
    const object *o;
    bool is_whole;          /* it goes where its reads cannot be followed: it stays as it is, with all below it */
    bitset used;            /* slots that are still read or written, or were asked for */
    bitset written;         /* slots that may change */
} opt_frozen_module;

/** Released with opt_freezing_fini(). */
typedef struct opt_freezing {
    arena arena;
    ir_graph *const *graphs; /* the first parameter of each is the root */
    size_t n_graphs;
    const object *root;
    const char *const *preserved; /* attributes of the root that stay attributes */
    size_t n_preserved;
    ptrmap values;          /* ir_value * → object *: values known to be a module of the tree */
    ptrmap modules;         /* object * → opt_frozen_module *, for those the graphs read from */
    ptrmap stores;          /* storage *, whose bytes may change */
    ptrmap constants;       /* tensor * → the one that stands for it in the graphs */
} opt_freezing;

/** graphs, root and preserved are borrowed and must stay. */
void opt_freezing_init(opt_freezing *f, ir_graph *const *graphs, size_t n_graphs, const object *root,
                       const char *const *preserved, size_t n_preserved);
void opt_freezing_fini(opt_freezing *f);
/** Make constants of all reads of attributes that nothing in the graphs may change. More may follow once passes have
 * dropped code, so call it until it makes none. @return did it make any; check opt_freezing_failed() */
bool opt_freeze_attributes(opt_freezing *f);
static inline bool opt_freezing_failed(const opt_freezing *f) { return arena_failed(&f->arena); }
/** What opt_freeze_attributes() last found of a module; NULL: the graphs do not read from it. */
opt_frozen_module *opt_frozen_find(const opt_freezing *f, const object *o);
/** Names the root's class has; -1: none such. */
int opt_frozen_slot(const object *o, const char *name);

#endif
