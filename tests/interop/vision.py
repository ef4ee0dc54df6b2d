"""torchvision's models as interop archives, with random weights: (name, make, arguments, options)."""
# SPDX-License-Identifier: Apache-2.0
import torch
import torchvision.models as models

CLASSIFIERS = {
    "alexnet": 64, "vgg11_bn": 32, "resnet18": 64, "resnet50": 64, "resnext50_32x4d": 64, "wide_resnet50_2": 64,
    "squeezenet1_1": 64, "densenet121": 64, "googlenet": 64, "inception_v3": 96, "mobilenet_v2": 64,
    "mobilenet_v3_small": 64, "mobilenet_v3_large": 64, "shufflenet_v2_x0_5": 64, "mnasnet0_5": 64,
    "efficientnet_b0": 64, "efficientnet_v2_s": 64, "regnet_y_400mf": 64, "convnext_tiny": 64, "vit_b_16": 224,
    "swin_t": 224, "swin_v2_t": 256,
}


def classifier(name, how, size):
    weights = {"weights": None}
    if name in ("googlenet", "inception_v3"):
        weights.update(init_weights=False, aux_logits=False)
    m = getattr(models, name)(**weights).eval()
    for p in m.buffers():  # statistics that matter
        if p.dtype == torch.float32 and p.dim() == 1:
            p.uniform_(0.5, 1.5)
    return torch.jit.script(m) if how == "script" else torch.jit.trace(
        m, torch.randn(1, 3, size, size), check_trace=False)


class First(torch.nn.Module):
    """Traced models return tensors."""

    def __init__(self, m):
        super().__init__()
        self.m = m

    def forward(self, x):
        return self.m(x)["out"]


def segmentation(name, how):
    m = getattr(models.segmentation, name)(weights=None, weights_backbone=None, num_classes=5).eval()
    return torch.jit.script(m) if how == "script" else torch.jit.trace(
        First(m), torch.randn(1, 3, 64, 64), check_trace=False)


def spread_scores(m):
    """Fresh weights give thousands of boxes one score, and which of equal ones are kept is nobody's promise: give the
    backbone and the classifier weights that tell boxes apart, and leave where boxes lie to small ones."""
    for name, layer in m.named_modules():
        is_placing = any(word in name for word in ("bbox", "regression", "rpn", "fpn", "box_head"))
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)) and not is_placing:
            torch.nn.init.kaiming_normal_(layer.weight, 4 if "cls" in name or "classif" in name else 0)


DETECTORS = ["ssdlite320_mobilenet_v3_large", "fasterrcnn_resnet50_fpn"]  # with the weights they come with
SPREAD_DETECTORS = {  # with scores that differ, and so few boxes that images without near ties are found
    "fasterrcnn_mobilenet_v3_large_320_fpn": {"box_detections_per_img": 10},
    "retinanet_resnet50_fpn": {"detections_per_img": 5, "min_size": 200},
}


def detection(name):
    options = SPREAD_DETECTORS.get(name, {})
    m = getattr(models.detection, name)(weights=None, weights_backbone=None, num_classes=5, **options).eval()
    if name in SPREAD_DETECTORS or "mobilenet" in name:
        spread_scores(m)
    return torch.jit.script(m)


def image_without_ties(m):
    """Boxes come sorted by score. Where two scores are as near as rounding is large, either may come first: PyTorch
    with one thread and with two already differs. So take an image whose scores lie apart."""
    for _ in range(100):
        args = ([torch.rand(3, 120, 160)],)
        with torch.no_grad():
            scores = m(*args)[1][0]["scores"]
        if len(scores) > 1 and (scores[:-1] - scores[1:]).min() > 2e-4:
            return args
    raise SystemExit("no image found whose scores lie apart")


def cases():
    for name, size in CLASSIFIERS.items():
        for how in ("script", "trace"):
            yield f"{name}_{how}", lambda n=name, h=how, s=size: classifier(n, h, s), (torch.randn(2 if size < 200 else 1, 3, size, size),), {
                "tolerance": 1e-3}
    for name in ("fcn_resnet50", "deeplabv3_mobilenet_v3_large", "lraspp_mobilenet_v3_large"):
        for how in ("script", "trace"):
            yield f"{name}_{how}", lambda n=name, h=how: segmentation(n, h), (torch.randn(1, 3, 64, 64),), {
                "tolerance": 1e-3}
    for name in DETECTORS:
        yield name, lambda n=name: detection(n), ([torch.rand(3, 120, 160)],), {"tolerance": 1e-2}
    for name in SPREAD_DETECTORS:
        yield name, lambda n=name: detection(n), image_without_ties, {"tolerance": 1e-2}
