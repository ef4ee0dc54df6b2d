/* script.y: the grammar of both dialects (Bison).
 *
 * It accepts more than either dialect so that what isn't supported is reported by name, at its own
 * place, and parsing goes on. Operators are one flat chain here: operators.c knows their precedence.
 *
 * Errors recover at line ends. `broken` is the rest of a line that did not parse, with the block
 * below it, so a mistake in the head of an `if` neither loses its body nor orphans its `else`. Every
 * block that layout.c opens is therefore consumed by some rule, and no error can unbalance blocks.
 *
 * Lists are left-recursive: the parser's stack grows with nesting only.
 *
 * Two parsers are made of it. Look-ahead correction (parse.lac) finds an error before reductions hide
 * what could have stood there, and costs a quarter of the time. So the quick parser does without and
 * only learns that there is an error; the careful one then reads the text again and reports it. */
/* SPDX-License-Identifier: Apache-2.0 */
%require "3.8"
%define api.pure full
%define api.prefix {script_}
%define api.token.prefix {T_}
%define api.location.type {span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param {parser *p}

%code requires {
#include "frontend/script/parser.h"
}

%code provides {
/* A reduction stores one part of a value and copies the whole right after. A load that is wider than the stores has
 * to wait until they are through, which took half of the parser's time: so no vector registers. */
#if defined(__x86_64__)
#define WORD_BY_WORD __attribute__((target("general-regs-only")))
#else
#define WORD_BY_WORD
#endif
int script_lex(union script_value *value, span *at, parser *p);
/** The same parser without look-ahead correction: errors are found, but not told well. */
int script_quick_parse(parser *p) WORD_BY_WORD;
int script_parse(parser *p) WORD_BY_WORD;
/** The description of a token kind in messages: "'def'", "name", "newline". */
const char *script_token_name(int kind);
}

%code {
#include "base/alloc.h"

#include <string.h>

#undef yylex /* both parsers have one lexer */
#define yylex script_lex
#define YYMALLOC mem_alloc
#define YYFREE   mem_free
#define YYMAXDEPTH 20000
#define YYLLOC_DEFAULT(Current, Rhs, N)                                                   \
    ((Current) = (N) ? span_of(span_begin(YYRHSLOC(Rhs, 1)), span_end(YYRHSLOC(Rhs, N))) \
                     : span_of(span_end(YYRHSLOC(Rhs, 0)), span_end(YYRHSLOC(Rhs, 0))))
/* The range of a location of the grammar: AT(@1). */
#define AT(location) span_range(p, (location))

static void report_error(const span *at, parser *p, const char *message);
#undef yyerror
#define yyerror report_error

static ast_nodes append(parser *p, ast_nodes list, ast_node *n)
{
    nodes_add(p, &list, n);
    return list;
}

static ast_nodes join(parser *p, ast_nodes list, ast_nodes tail)
{
    nodes_join(p, &list, tail);
    return list;
}

static ast_node *assignment(parser *p, ast_nodes sides, ast_node *type_comment, range at)
{
    if (arena_failed(p->arena))
        return NEW(p, error, at);
    ast_node *value = sides.at[--sides.n];
    for (size_t i = 0; i < sides.n; i++)
        check_target(p, sides.at[i], "assign to");
    return NEW(p, assign, at, .targets = sides, .value = value, .type_comment = type_comment);
}

static ast_node *with_decorators(parser *p, ast_node *n, ast_nodes decorators)
{
    if (n->kind == AST_def) {
        AST_AS(def, n)->decorators = decorators;
        parser_forgive(p, AST_AS(def, n));
    } else if (n->kind == AST_class)
        AST_AS(class, n)->decorators = decorators;
    return n;
}

static ast_node *no_yield(parser *p, range at)
{
    return parser_unsupported(p, at, "'yield' expressions aren't supported");
}

/* `x,  # type: T`: the comment is the annotation of the parameter before it. */
static void annotate_last(parser *p, const ast_nodes *params, ast_node *type)
{
    ast_node *last = params->n ? params->at[params->n - 1] : NULL;
    if (!type || !last || last->kind != AST_param || arena_failed(p->arena))
        return;
    if (!AST_AS(param, last)->annotation)
        AST_AS(param, last)->annotation = type;
}

static ast_node *type_comment_of(parser *p, ast_node *type, range at)
{
    return NEW(p, type_comment, at, .params = nodes_of(p, type));
}
}

%initial-action { @$ = 0; }

%union script_value {
    ast_node *node;
    ast_nodes list;
    const char *id;
    int op;
    operator_chain *chain;
    struct { ast_nodes body; ast_node *type_comment; } block;
}

%token START_UNIT START_EXPRESSION
%token NEWLINE "newline" INDENT "indent" DEDENT "dedent" TYPE_COMMENT "type comment"
%token TYPE_COMMENT_END "end of type comment"
%token YYEOF 0 "end of file"
%token <id> NAME "name"
%token <node> INT "integer" FLOAT "float" IMAGINARY "imaginary number" STRING "string"
%token AND "'and'" AS "'as'" ASSERT "'assert'" ASYNC "'async'" AWAIT "'await'" BREAK "'break'"
%token CLASS "'class'" CONTINUE "'continue'" DEF "'def'" DEL "'del'" ELIF "'elif'" ELSE "'else'"
%token EXCEPT "'except'" FALSE "'False'" FINALLY "'finally'" FOR "'for'" FROM "'from'"
%token GLOBAL "'global'" IF "'if'" IMPORT "'import'" IN "'in'" IS "'is'" LAMBDA "'lambda'"
%token NONE "'None'" NONLOCAL "'nonlocal'" NOT "'not'" OR "'or'" PASS "'pass'" RAISE "'raise'"
%token RETURN "'return'" TRUE "'True'" TRY "'try'" WHILE "'while'" WITH "'with'" YIELD "'yield'"
%token IS_NOT "'is not'" NOT_IN "'not in'"
%token ELLIPSIS "'...'" ARROW "'->'" WALRUS "':='" POWER "'**'" FLOORDIV "'//'" LSHIFT "'<<'"
%token RSHIFT "'>>'" LE "'<='" GE "'>='" EQ "'=='" NE "'!='"
%token ADD_ASSIGN "'+='" SUB_ASSIGN "'-='" MUL_ASSIGN "'*='" DIV_ASSIGN "'/='"
%token FLOORDIV_ASSIGN "'//='" MOD_ASSIGN "'%='" MATMUL_ASSIGN "'@='" POWER_ASSIGN "'**='"
%token AND_ASSIGN "'&='" OR_ASSIGN "'|='" XOR_ASSIGN "'^='" LSHIFT_ASSIGN "'<<='"
%token RSHIFT_ASSIGN "'>>='"

%type <list> unit statements statement line simples suite block broken body_line
%type <list> elifs else_part params param_list arguments argument_list elements tuple_items aliases import_names
%type <list> sides strings subscripts dict_items with_items comp_clauses decorators
%type <node> start_expression simple compound definition if_part param commented_param param_comma param_comment returns
%type <node> expression expressions element target targets primary atom argument
%type <node> subscript slice_part slice_step comprehension comp_for alias side yield
%type <node> with_item signature
%type <op> binary unary augmented dots
%type <chain> open closed
%type <id> dotted_name
%type <block> def_block

/* A decorator line may stand before a definition; alone it is an error. */
%precedence LONE_DECORATOR
%precedence DEF CLASS ASYNC '@'

%start start

%%

start: START_UNIT unit                      { p->tree->body = $unit; }
     | START_EXPRESSION start_expression    { p->result = $2; }
     ;
start_expression: expressions ;

unit: %empty                                { $$ = (ast_nodes){0}; }
    | unit statement                        { $$ = p->tree->body = join(p, $1, $2); }
    ;

/* ---- lines and blocks ---- */

statements: statement
          | statements statement            { $$ = join(p, $1, $2); }
          ;
statement: line
         | compound                         { $$ = nodes_of(p, $1); }
         | decorators definition            { $$ = nodes_of(p, with_decorators(p, $2, $1)); }
         | decorators %prec LONE_DECORATOR  {
               parser_error(p, AT(@1), "expected 'def' or 'class' after a decorator");
               $$ = nodes_of(p, NEW(p, error, AT(@$)));
           }
         | broken                           { $$ = join(p, nodes_of(p, NEW(p, error, AT(@$))), $1); }
         ;
decorators: '@' expression NEWLINE          { $$ = nodes_of(p, $2); }
          | decorators '@' expression NEWLINE { $$ = append(p, $1, $3); }
          ;
broken: error NEWLINE                       { yyerrok; $$ = (ast_nodes){0}; }
      | error NEWLINE INDENT statements DEDENT { yyerrok; $$ = $4; }
      ;
line: simples NEWLINE
    | simples ';' NEWLINE
    ;
simples: simple                             { $$ = nodes_of(p, $1); }
       | simples ';' simple                 { $$ = append(p, $1, $3); }
       ;
block: ':' suite                            { $$ = $2; }
     | missing_colon INDENT statements DEDENT { $$ = $3; }
     | missing_colon                        { $$ = (ast_nodes){0}; }
     ;
missing_colon: NEWLINE { parser_error(p, AT(@1), "expected ':' but found newline"); } ;
suite: body_line
     | NEWLINE INDENT statements DEDENT     { $$ = $3; }
     ;
/* the one-line form, and the one that was forgotten */
body_line: line
         | NEWLINE {
               range found = {p->src, p->token.begin, p->token.end}; /* the lookahead */
               parser_missing_block(p, found);
               $$ = (ast_nodes){0};
           }
         ;

/* ---- simple statements ---- */

simple: expressions                         { $$ = NEW(p, expr_stmt, AT(@$), .value = $1); }
      | yield                               { $$ = NEW(p, expr_stmt, AT(@$), .value = $1); }
      | sides                               { $$ = assignment(p, $1, NULL, AT(@$)); }
      | sides TYPE_COMMENT expression {
            $$ = assignment(p, $1, type_comment_of(p, $3, AT(@3)), AT(@1));
        }
      | expressions ':' expression {
            check_target(p, $1, "annotate");
            $$ = NEW(p, ann_assign, AT(@$), .target = $1, .annotation = $3);
        }
      | expressions ':' expression '=' side {
            check_target(p, $1, "annotate");
            $$ = NEW(p, ann_assign, AT(@$), .target = $1, .annotation = $3, .value = $5);
        }
      | expressions augmented side {
            if ($1->kind == AST_tuple)
                parser_error(p, AT(@1), "cannot assign to a tuple with an augmented assignment");
            else
                check_target(p, $1, "assign to");
            $$ = NEW(p, aug_assign, AT(@$), .op = (ast_binary_op)$2, .target = $1, .value = $3);
        }
      | RETURN                              { $$ = NEW(p, return, AT(@$)); }
      | RETURN expressions                  { $$ = NEW(p, return, AT(@$), .value = $2); }
      | RAISE                               { $$ = NEW(p, raise, AT(@$)); }
      | RAISE expression                    { $$ = NEW(p, raise, AT(@$), .value = $2); }
      | RAISE expression FROM expression {
            $$ = NEW(p, raise, AT(@$), .value = $2, .cause = $4);
        }
      | ASSERT expression                   { $$ = NEW(p, assert, AT(@$), .cond = $2); }
      | ASSERT expression ',' expression {
            $$ = NEW(p, assert, AT(@$), .cond = $2, .message = $4);
        }
      | BREAK                               { $$ = NEW(p, break, AT(@$)); }
      | CONTINUE                            { $$ = NEW(p, continue, AT(@$)); }
      | PASS                                { $$ = NEW(p, pass, AT(@$)); }
      | DEL elements optional_comma {
            for (size_t i = 0; i < $2.n; i++)
                check_target(p, $2.at[i], "delete");
            $$ = NEW(p, del, AT(@$), .targets = $2);
        }
      | GLOBAL names       { 
            $$ = parser_unsupported(p, AT(@$), "'global' statements aren't supported");
        }
      | NONLOCAL names     { 
            $$ = parser_unsupported(p, AT(@$), "'nonlocal' statements aren't supported");
        }
      | IMPORT aliases                      { $$ = NEW(p, import, AT(@$), .names = $2); }
      | FROM dotted_name IMPORT import_names {
            $$ = NEW(p, import_from, AT(@$), .module = $2, .names = $4);
        }
      | FROM dots dotted_name IMPORT import_names {
            $$ = NEW(p, import_from, AT(@$), .level = $2, .module = $3, .names = $5);
        }
      | FROM dots IMPORT import_names {
            const char *none = parser_intern(p, "", 0);
            $$ = NEW(p, import_from, AT(@$), .level = $2, .module = none, .names = $4);
        }
      ;
sides: expressions '=' side                 { $$ = append(p, nodes_of(p, $1), $3); }
     | sides '=' side                       { $$ = append(p, $1, $3); }
     ;
side: expressions | yield ;
augmented: ADD_ASSIGN      { $$ = AST_ADD; }      | SUB_ASSIGN    { $$ = AST_SUB; }
         | MUL_ASSIGN      { $$ = AST_MUL; }      | DIV_ASSIGN    { $$ = AST_DIV; }
         | FLOORDIV_ASSIGN { $$ = AST_FLOORDIV; } | MOD_ASSIGN    { $$ = AST_MOD; }
         | MATMUL_ASSIGN   { $$ = AST_MATMUL; }   | POWER_ASSIGN  { $$ = AST_POW; }
         | AND_ASSIGN      { $$ = AST_BITAND; }   | OR_ASSIGN     { $$ = AST_BITOR; }
         | XOR_ASSIGN      { $$ = AST_BITXOR; }   | LSHIFT_ASSIGN { $$ = AST_LSHIFT; }
         | RSHIFT_ASSIGN   { $$ = AST_RSHIFT; }
         ;
names: NAME | names ',' NAME ;
dotted_name: NAME
           | dotted_name '.' NAME {
                 char *s = arena_printf(p->arena, "%s.%s", $1, $3);
                 $$ = s != NULL ? parser_intern(p, s, strlen(s)) : $1;
             }
           ;
dots: '.'                                   { $$ = 1; }
    | ELLIPSIS                              { $$ = 3; }
    | dots '.'                              { $$ = $1 + 1; }
    | dots ELLIPSIS                         { $$ = $1 + 3; }
    ;
aliases: alias                              { $$ = nodes_of(p, $1); }
       | aliases ',' alias                  { $$ = append(p, $1, $3); }
       ;
alias: dotted_name                          { $$ = NEW(p, alias, AT(@$), .id = $1); }
     | dotted_name AS NAME                  { $$ = NEW(p, alias, AT(@$), .id = $1, .as = $3); }
     ;
import_names: aliases
            | '(' aliases optional_comma ')' { $$ = $2; }
            | '*' {
                  $$ = nodes_of(p, NEW(p, alias, AT(@$), .id = parser_intern(p, "*", 1)));
              }
            ;
yield: YIELD                   { $$ = no_yield(p, AT(@$)); }
     | YIELD expressions       { $$ = no_yield(p, AT(@$)); }
     | YIELD FROM expression   { $$ = no_yield(p, AT(@$)); }
     ;

/* ---- compound statements ---- */

compound: definition
        | IF if_part elifs else_part {
              ast_nodes arms = join(p, nodes_of(p, $2), $3);
              $$ = NEW(p, if, AT(@$), .arms = arms, .orelse = $4);
          }
        | WHILE expression block loop_else[e] {
              if (span_begin(@e) != span_end(@e))
                  parser_unsupported(p, AT(@1), "'else' on a 'while' loop isn't supported");
              $$ = NEW(p, while, AT(@$), .cond = $2, .body = $3);
          }
        | WHILE broken loop_else            { $$ = NEW(p, error, AT(@$)); (void)$2; }
        | FOR targets IN expressions block loop_else[e] {
              if (span_begin(@e) != span_end(@e))
                  parser_unsupported(p, AT(@1), "'else' on a 'for' loop isn't supported");
              check_target(p, $2, "assign to");
              $$ = NEW(p, for, AT(@$), .target = $2, .iter = $4, .body = $5);
          }
        | FOR broken loop_else              { $$ = NEW(p, error, AT(@$)); (void)$2; }
        | WITH with_items block             { $$ = NEW(p, with, AT(@$), .items = $2, .body = $3); }
        | WITH broken                       { $$ = NEW(p, error, AT(@$)); (void)$2; }
        | TRY block handlers {
              $$ = parser_unsupported(p, AT(@1), "'try' statements aren't supported"); (void)$2;
          }
        | TRY broken handlers {
              $$ = NEW(p, error, AT(@$)); (void)$2;
          }
        | ASYNC FOR targets IN expressions block {
              $$ = parser_unsupported(p, AT(@1), "'async' loops aren't supported"); (void)$6;
          }
        | ASYNC WITH with_items block {
              $$ = parser_unsupported(p, AT(@1), "'async' blocks aren't supported"); (void)$4;
          }
        ;
if_part: expression block                   { $$ = NEW(p, if_arm, AT(@$), .cond = $1, .body = $2); }
       | broken {
             ast_node *cond = NEW(p, error, AT(@1));
             $$ = NEW(p, if_arm, AT(@$), .cond = cond, .body = $1);
         }
       ;
elifs: %empty                               { $$ = (ast_nodes){0}; }
     | elifs ELIF if_part                   { $3->at.begin = AT(@2).begin; $$ = append(p, $1, $3); }
     ;
else_part: %empty                           { $$ = (ast_nodes){0}; }
         | ELSE block                       { $$ = $2; }
         | ELSE broken                      { $$ = $2; }
         ;
loop_else: else_part                        { (void)$1; } ;
handlers: %empty
        | handlers EXCEPT block             { (void)$3; }
        | handlers EXCEPT expression block  { (void)$3; (void)$4; }
        | handlers EXCEPT expression AS NAME block { (void)$3; (void)$6; }
        | handlers EXCEPT '*' expression block { (void)$4; (void)$5; }
        | handlers EXCEPT '*' expression AS NAME block { (void)$4; (void)$7; }
        | handlers EXCEPT broken            { (void)$3; }
        | handlers FINALLY block            { (void)$3; }
        | handlers FINALLY broken           { (void)$3; }
        | handlers ELSE block               { (void)$3; }
        | handlers ELSE broken              { (void)$3; }
        ;
with_items: with_item                       { $$ = nodes_of(p, $1); }
          | with_items ',' with_item        { $$ = append(p, $1, $3); }
          ;
with_item: expression                       { $$ = NEW(p, with_item, AT(@$), .value = $1); }
         | expression AS target {
               check_target(p, $3, "assign to");
               $$ = NEW(p, with_item, AT(@$), .value = $1, .target = $3);
           }
         ;

definition: DEF NAME '(' params ')' returns def_block {
                check_params(p, &$4);
                check_body(p, $7.body);
                $$ = NEW(p, def, AT(@$), .id = $2, .params = $4, .returns = $6, .body = $7.body,
                         .type_comment = $7.type_comment);
            }
          | DEF broken                      { $$ = NEW(p, error, AT(@$)); (void)$2; }
          | CLASS NAME block                { $$ = NEW(p, class, AT(@$), .id = $2, .body = $3); }
          | CLASS NAME '(' arguments ')' block {
                $$ = NEW(p, class, AT(@$), .id = $2, .bases = $4, .body = $6);
            }
          | CLASS broken                    { $$ = NEW(p, error, AT(@$)); (void)$2; }
          | ASYNC DEF NAME '(' params ')' returns def_block {
                $$ = parser_unsupported(p, AT(@1), "'async' functions aren't supported");
                (void)$5; (void)$7; (void)$8;
            }
          | ASYNC broken                    { $$ = NEW(p, error, AT(@$)); (void)$2; }
          ;
returns: %empty                             { $$ = NULL; }
       | ARROW expression                   { $$ = $2; }
       ;
def_block: block                            { $$.body = $1; $$.type_comment = NULL; }
         | ':' NEWLINE INDENT signature NEWLINE statements DEDENT {
               $$.body = $6;
               $$.type_comment = $4;
           }
         | ':' signature NEWLINE INDENT statements DEDENT {
               $$.body = $5;
               $$.type_comment = $2;
           }
         ;
signature: TYPE_COMMENT '(' ')' returns     { $$ = NEW(p, type_comment, AT(@$), .returns = $4); }
         | TYPE_COMMENT '(' elements optional_comma ')' returns {
               $$ = NEW(p, type_comment, AT(@$), .params = $3, .returns = $6);
           }
         ;
params: %empty                              { $$ = (ast_nodes){0}; }
      | param_list
      | param_list param_comma              { $$ = $1; annotate_last(p, &$1, $2); }
      ;
param_list: commented_param                 { $$ = nodes_of(p, $1); }
          | param_list param_comma commented_param {
                annotate_last(p, &$1, $2);
                $$ = append(p, $1, $3);
            }
          ;
param_comma: ','                            { $$ = NULL; }
           | ',' param_comment              { $$ = $2; }
           ;
param_comment: TYPE_COMMENT expression TYPE_COMMENT_END { $$ = $2; } ;
commented_param: param
               | param param_comment {
                     $$ = $1;
                     ast_nodes one = nodes_of(p, $1);
                     annotate_last(p, &one, $2);
                 }
               ;
param: NAME                                 { $$ = NEW(p, param, AT(@$), .id = $1); }
     | NAME ':' expression                  { $$ = NEW(p, param, AT(@$), .id = $1, .annotation = $3); }
     | NAME '=' expression                  {
           $$ = NEW(p, param, AT(@$), .id = $1, .default_value = $3);
       }
     | NAME ':' expression '=' expression {
           $$ = NEW(p, param, AT(@$), .id = $1, .annotation = $3, .default_value = $5);
       }
     | '*'               { $$ = NEW(p, param, AT(@$), .kind = AST_PARAM_KEYWORD_ONLY); }
     | '*' NAME          { $$ = NEW(p, param, AT(@$), .kind = AST_PARAM_VARARGS, .id = $2); }
     | '*' NAME ':' element {
           $$ = NEW(p, param, AT(@$), .kind = AST_PARAM_VARARGS, .id = $2, .annotation = $4);
       }
     | POWER NAME        { $$ = NEW(p, param, AT(@$), .kind = AST_PARAM_KWARGS, .id = $2); }
     | POWER NAME ':' expression {
           $$ = NEW(p, param, AT(@$), .kind = AST_PARAM_KWARGS, .id = $2, .annotation = $4);
       }
     | '/' { $$ = parser_unsupported(p, AT(@1), "positional-only parameters aren't supported"); }
     ;
lambda_params: %empty | lambda_list optional_comma ;
lambda_list: lambda_param | lambda_list ',' lambda_param ;
lambda_param: NAME | NAME '=' expression { (void)$3; } | '*' | '*' NAME | POWER NAME | '/' ;

/* ---- expressions ---- */

optional_comma: %empty | ',' ;

expressions: element
           | element ','                    { $$ = NEW(p, tuple, AT(@$), .items = nodes_of(p, $1)); }
           | tuple_items optional_comma     { $$ = NEW(p, tuple, AT(@$), .items = $1); }
           ;
tuple_items: element ',' element            { $$ = append(p, nodes_of(p, $1), $3); }
           | tuple_items ',' element        { $$ = append(p, $1, $3); }
           ;
elements: element                           { $$ = nodes_of(p, $1); }
        | elements ',' element              { $$ = append(p, $1, $3); }
        ;
element: expression
       | '*' operand                        { $$ = NEW(p, star, AT(@$), .value = $<node>2); }
       ;
expression: operand                         { $$ = $<node>1; }
          | operand IF operand ELSE expression {
                $$ = NEW(p, ternary, AT(@$), .cond = $<node>3, .then_value = $<node>1,
                         .else_value = $5);
            }
          | LAMBDA lambda_params ':' expression {
                $$ = parser_unsupported(p, AT(@$), "'lambda' expressions aren't supported");
                (void)$4;
            }
          | NAME WALRUS expression {
                $$ = parser_unsupported(p, AT(@$), "assignment expressions (':=') aren't supported");
                (void)$3;
            }
          ;
operand: primary                            { $<node>$ = chain_single(p, $1); }
       | closed                             { $<node>$ = chain_finish(p, $1); }
       ;
open: unary {
          $$ = chain_new(p);
          chain_unary(p, $$, (operator_id)$1, AT(@1));
      }
    | open unary                            { chain_unary(p, $$ = $1, (operator_id)$2, AT(@2)); }
    | primary binary {
          $$ = chain_new(p);
          chain_operand(p, $$, $1, AT(@1));
          chain_binary(p, $$, (operator_id)$2);
      }
    | closed binary                         { chain_binary(p, $$ = $1, (operator_id)$2); }
    ;
closed: open primary                        { chain_operand(p, $$ = $1, $2, AT(@2)); } ;
unary: NOT { $$ = OPERATOR_NOT; } | '~' { $$ = OPERATOR_INVERT; } | '-' { $$ = OPERATOR_NEG; }
     | '+' { $$ = OPERATOR_POS; }
     ;
binary: OR       { $$ = OPERATOR_OR; }       | AND    { $$ = OPERATOR_AND; }
      | IN       { $$ = OPERATOR_IN; }       | NOT_IN { $$ = OPERATOR_NOT_IN; }
      | IS       { $$ = OPERATOR_IS; }       | IS_NOT { $$ = OPERATOR_IS_NOT; }
      | '<'      { $$ = OPERATOR_LT; }       | LE     { $$ = OPERATOR_LE; }
      | '>'      { $$ = OPERATOR_GT; }       | GE     { $$ = OPERATOR_GE; }
      | EQ       { $$ = OPERATOR_EQ; }       | NE     { $$ = OPERATOR_NE; }
      | '|'      { $$ = OPERATOR_BITOR; }    | '^'    { $$ = OPERATOR_BITXOR; }
      | '&'      { $$ = OPERATOR_BITAND; }   | LSHIFT { $$ = OPERATOR_LSHIFT; }
      | RSHIFT   { $$ = OPERATOR_RSHIFT; }   | '+'    { $$ = OPERATOR_ADD; }
      | '-'      { $$ = OPERATOR_SUB; }      | '*'    { $$ = OPERATOR_MUL; }
      | '/'      { $$ = OPERATOR_DIV; }      | '%'    { $$ = OPERATOR_MOD; }
      | FLOORDIV { $$ = OPERATOR_FLOORDIV; } | '@'    { $$ = OPERATOR_MATMUL; }
      | POWER    { $$ = OPERATOR_POW; }
      ;

/* what `for` assigns: no operators, because `in` follows */
target: primary
      | '*' primary                         { $$ = NEW(p, star, AT(@$), .value = $2); }
      ;
targets: target
       | target ','                         { $$ = NEW(p, tuple, AT(@$), .items = nodes_of(p, $1)); }
       | target_list optional_comma         { $$ = NEW(p, tuple, AT(@$), .items = $<list>1); }
       ;
target_list: target ',' target              { $<list>$ = append(p, nodes_of(p, $1), $3); }
           | target_list ',' target         { $<list>$ = append(p, $<list>1, $3); }
           ;

primary: atom
       | primary '.' NAME                   { $$ = NEW(p, attribute, AT(@$), .value = $1, .id = $3); }
       | primary '[' subscripts optional_comma ']' {
             $$ = NEW(p, subscript, AT(@$), .value = $1, .indices = $3);
         }
       | primary '(' arguments ')'          { $$ = NEW(p, call, AT(@$), .callee = $1, .args = $3); }
       | AWAIT atom {
             $$ = parser_unsupported(p, AT(@$), "'await' expressions aren't supported");
             (void)$2;
         }
       ;
atom: NAME                                  { $$ = NEW(p, name, AT(@$), .id = $1); }
    | INT | FLOAT | IMAGINARY
    | strings                               { $$ = literal_join(p, $1, AT(@$)); }
    | TRUE                                  { $$ = NEW(p, true, AT(@$)); }
    | FALSE                                 { $$ = NEW(p, false, AT(@$)); }
    | NONE                                  { $$ = NEW(p, none, AT(@$)); }
    | ELLIPSIS                              { $$ = NEW(p, ellipsis, AT(@$)); }
    | '(' ')'                               { $$ = NEW(p, tuple, AT(@$)); }
    | '(' expressions ')' {
          $$ = $2;
          if ($$->kind == AST_tuple)
              $$->at = AT(@$);
      }
    | '(' yield ')'                         { $$ = $2; }
    | '(' element comprehension ')'         { $$ = parser_comprehension(p, AT(@$), NULL, $2, $3); }
    | '[' ']'                               { $$ = NEW(p, list, AT(@$)); }
    | '[' elements optional_comma ']'       { $$ = NEW(p, list, AT(@$), .items = $2); }
    | '[' element comprehension ']'         { $$ = parser_comprehension(p, AT(@$), NULL, $2, $3); }
    | '{' '}'                               { $$ = NEW(p, dict, AT(@$)); }
    | '{' dict_items optional_comma '}' {
          ast_nodes keys = {0}, values = {0};
          for (size_t i = 0; i + 1 < $2.n; i += 2) {
              nodes_add(p, &keys, $2.at[i]);
              nodes_add(p, &values, $2.at[i + 1]);
          }
          $$ = NEW(p, dict, AT(@$), .keys = keys, .values = values);
      }
    | '{' expression ':' expression comprehension '}' {
          $$ = parser_comprehension(p, AT(@$), $2, $4, $5);
      }
    | '{' elements optional_comma '}' {
          $$ = parser_unsupported(p, AT(@$), "set literals aren't supported");
          (void)$2;
      }
    | '{' element comprehension '}' {
          $$ = parser_unsupported(p, AT(@$), "set comprehensions aren't supported");
          (void)$2; (void)$3;
      }
    ;
strings: STRING                             { $$ = nodes_of(p, $1); }
       | strings STRING                     { $$ = append(p, $1, $2); }
       ;
dict_items: expression ':' expression       { $$ = append(p, nodes_of(p, $1), $3); }
          | dict_items ',' expression ':' expression { $$ = append(p, append(p, $1, $3), $5); }
          | POWER operand {
                parser_unsupported(p, AT(@$), "'**' in dict literals isn't supported");
                $$ = (ast_nodes){0};
            }
          | dict_items ',' POWER operand {
                range at = range_join(AT(@3), AT(@4));
                parser_unsupported(p, at, "'**' in dict literals isn't supported");
            }
          ;

comprehension: comp_clauses {
                   $$ = arena_failed(p->arena) ? NEW(p, error, AT(@$)) : $1.at[0];
                   for (size_t i = 1; i < $1.n; i++)
                       parser_unsupported(p, $1.at[i]->at, $1.at[i]->kind == AST_list_comp
                           ? "comprehensions with more than one 'for' aren't supported"
                           : "'if' in comprehensions isn't supported");
               }
             ;
comp_clauses: comp_for                      { $$ = nodes_of(p, $1); }
            | comp_clauses comp_for         { $$ = append(p, $1, $2); }
            | comp_clauses IF operand       {
                  range at = range_join(AT(@2), AT(@3));
                  $$ = append(p, $1, NEW(p, expr_stmt, at, .value = $<node>3));
              }
            ;
/* a comprehension without its item yet */
comp_for: FOR targets IN operand {
              check_target(p, $2, "assign to");
              $$ = NEW(p, list_comp, AT(@$), .item = $<node>4, .target = $2, .iter = $<node>4);
          }
        | ASYNC FOR targets IN operand {
              parser_unsupported(p, AT(@1), "'async' comprehensions aren't supported");
              $$ = NEW(p, list_comp, AT(@$), .item = $<node>5, .target = $3, .iter = $<node>5);
          }
        ;

arguments: %empty                           { $$ = (ast_nodes){0}; }
         | argument_list optional_comma     { check_args(p, $1); }
         ;
argument_list: argument                     { $$ = nodes_of(p, $1); }
             | argument_list ',' argument   { $$ = append(p, $1, $3); }
             ;
argument: expression
        | expression comprehension          { $$ = parser_comprehension(p, AT(@$), NULL, $1, $2); }
        | NAME '=' expression               { $$ = NEW(p, keyword, AT(@$), .id = $1, .value = $3); }
        | '*' operand                       { $$ = NEW(p, star, AT(@$), .value = $<node>2); }
        | POWER operand {
              $$ = parser_unsupported(p, AT(@$), "'**' arguments aren't supported");
          }
        ;

subscripts: subscript                       { $$ = nodes_of(p, $1); }
          | subscripts ',' subscript        { $$ = append(p, $1, $3); }
          ;
subscript: element
         | slice_part ':' slice_part slice_step {
               $$ = NEW(p, slice, AT(@$), .start = $1, .stop = $3, .step = $4);
           }
         ;
slice_part: %empty                          { $$ = NULL; }
          | expression
          ;
slice_step: %empty                          { $$ = NULL; }
          | ':' slice_part                  { $$ = $2; }
          ;

%%

/* Only for a full stack in the careful parser, where all else goes through yyreport_syntax_error(); any error in
 * the quick one. */
static void report_error(const span *at, parser *p, const char *message)
{
    (void)message;
    if (!arena_failed(p->arena))
        parser_error(p, AT(*at), "too deeply nested");
}

#ifdef YY_LAC_ESTABLISH /* the careful parser */
const char *script_token_name(int kind)
{
    return yysymbol_name(YYTRANSLATE(kind));
}

static bool expects(const yypcontext_t *cx, int kind)
{
    yysymbol_kind_t expected[YYNTOKENS];
    int n = yypcontext_expected_tokens(cx, expected, YYNTOKENS);

    for (int i = 0; i < n; i++)
        if (expected[i] == YYTRANSLATE(kind))
            return true;
    return false;
}

/* What could stand here, said as a person would: the closest thing, not the list of operators. */
static const char *expected_text(const yypcontext_t *cx, const parser *p)
{
    const layout *l = &p->layout;
    bool in_brackets = l->n_brackets > 0;

    if (expects(cx, T_WHILE))
        return "a statement";
    if (expects(cx, T_INT))
        return "an expression";
    if (expects(cx, T_INDENT))
        return "an indented block";
    if (in_brackets) {
        char open = l->brackets[l->n_brackets - 1].open;
        bool comma = expects(cx, ',');
        if (open == '(' && expects(cx, ')'))
            return comma ? "',' or ')'" : "')'";
        if (open == '[' && expects(cx, ']'))
            return comma ? "',' or ']'" : "']'";
        if (open == '{' && expects(cx, '}'))
            return comma ? "',' or '}'" : "'}'";
    } else if (l->is_expression && expects(cx, T_YYEOF))
        return "the end of the expression";
    if (expects(cx, ';'))
        return "newline";
    if (expects(cx, ':'))
        return "':'";
    if (expects(cx, T_NEWLINE))
        return "newline";
    if (expects(cx, T_NAME))
        return "a name";
    if (expects(cx, T_ELSE))
        return "'else'";
    if (expects(cx, T_IN))
        return "'in'";
    if (expects(cx, T_IMPORT))
        return "'import'";
    return expects(cx, '(') ? "'('" : NULL;
}

static int yyreport_syntax_error(const yypcontext_t *cx, parser *p)
{
    parser_syntax_error(p, AT(*yypcontext_location(cx)), expected_text(cx, p));
    return 0;
}
#endif
