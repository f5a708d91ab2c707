"""What people type: names, sizes, options, columns and numbers in the spellings that they come in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import refused
from hypothesis import given
from hypothesis import strategies as st

from cnncli.cli.commands import COMMANDS, load
from cnncli.cli.understood import Declared, understood
from cnncli.document.table import Column, choose, ordered
from cnncli.errors import UsageError, suggestion
from cnncli.models.catalogue import models
from cnncli.models.options import shape
from cnncli.models.reference import parse
from cnncli.network import canonical
from cnncli.written import read_decimal, read_whole

# Sizes

SIZES = {
    (224, 224, 3): "224 224x224 224x224x3 224X224 224×224 224*224*3",
    (96, 96, 3): "96 96,96,3 (96,96,3) [96,96,3] 96*96*3 (96,96,3,) (96,)",
    (160, 224, 3): "160x224 160,224 (160,224)",
    (28, 28, 1): "28x28x1 (28,28,1) 28,28,1",
}
SPACED = ["(96, 96, 3)", "96 x 96", "96 x 96 x 3", "[96, 96, 3]", " 96 ", "( 96 , 96 )", "96 96 3"]


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        *((text, sizes) for sizes, texts in SIZES.items() for text in texts.split()),
        *((text, (96, 96, 3)) for text in SPACED),
    ],
)
def test_sizes(text: str, sizes: tuple[int, ...]) -> None:
    assert shape(text) == sizes
    read = parse(f"v2@article:input_shape={text},alpha=0.5")
    assert (read.options["input_shape"], read.options["alpha"]) == (sizes, 0.5)
    assert parse(f"v2@article:alpha=0.5,input_shape={text}") == read
    assert parse("v2@article", {"input_shape": text, "alpha": "0.5"}) == read


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("3x224x224", "the channels last: 224x224x3"),
        ("1x28x28", "the channels last: 28x28x1"),
        ("(3, 224, 224)", "the channels last: 224x224x3"),
        ("3,160,224", "the channels last: 160x224x3"),
        ("12x64x64", "the channels last: 64x64x12"),
        ("1x224x224x3", "no axis for the batch: 224x224x3"),
        ("None,224,224,3", "no axis for the batch: 224x224x3"),
        ("(None, 96, 96, 3)", "no axis for the batch: 96x96x3"),
        ("-1x96x96x1", "no axis for the batch: 96x96x1"),
        ("1x3x224x224", "no axis for the batch and the channels last: 224x224x3"),
    ],
)
def test_other_orders_of_axes_are_refused_with_the_right_spelling(run, text: str, right: str) -> None:
    for reference in ("v2", "v2@article"):
        refused(run("summary", reference, "--input-shape", text), 2, f"expected {right}")
        refused(run("summary", f"{reference}:input_shape={text}"), 2, f"expected {right}")


@pytest.mark.parametrize("text", ["", "x", "()", "96x", "x96", "(None,None,3)", "0", "-96", "96;96", "1e3", "9" * 30])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="192, 160x224 or 28x28x1"):
        shape(text)


# Names

NAMES = {
    "mobilenet_v1": "mobilenet_v1_1.0_224 mobilenet_1_0_224_tf mobilenet_1.00_224 "
    "keras.applications.mobilenet.MobileNet",
    "mobilenet_v1:input_shape=160,alpha=0.75": "mobilenet_7_5_160_tf mobilenet_v1_0.75_160_quant mobilenet_v1_075_160",
    "mobilenet_v1:input_shape=128,alpha=0.25,include_top=false": "mobilenet_2_5_128_tf_no_top",
    "mobilenet_v2": "MobileNetV2 mobilenet-v2 keras.applications.MobileNetV2 mobilenetv2_100 mobilenetv2_1.00_224 "
    "tf.keras.applications.mobilenet_v2.MobileNetV2 MobileNetV2() google/mobilenet_v2_1.0_224 mobilenet_v2_100_224",
    "mobilenet_v2:alpha=0.5": "mobilenetv2_050 v2_0.5 timm/mobilenetv2_050.lamb_in1k",
    "mobilenet_v2:alpha=1.4": "mobilenetv2_140 mobilenet_v2_1.4_224",
    "mobilenet_v2:input_shape=96": "mobilenet_v2_96 mobilenet_v2_1.0_96",
    "mobilenet_v2:input_shape=96,alpha=0.5": "mobilenet_v2_0.5_96 mobilenet_v2_050_96 "
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.5_96",
    "mobilenet_v2:input_shape=160,alpha=0.35,include_top=false": "mobilenet_v2_0.35_160_no_top "
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_160_no_top",
    "mobilenet_v3_small:alpha=0.75": "mobilenetv3_small_075 v3-small_224_0.75_float tf_mobilenetv3_small_075",
    "mobilenet_v3_small:minimalistic=true": "tf_mobilenetv3_small_minimal_100",
    "mobilenet_v3_small:include_top=false": "weights_mobilenet_v3_small_224_1.0_float_no_top_v2",
    "mobilenet_v3_large": "mobilenetv3_large_100 MobilenetV3large tf.keras.applications.MobileNetV3Large "
    "mobilenetv3_large_100.ra_in1k",
    "mobilenet_v3_large:minimalistic=true": "v3-large-minimalistic_224_1.0_float",
    "efficientnet_b0": "EfficientNetB0 efficientnetb0 efficientnet-b0 tf_efficientnet_b0 tf_efficientnet_b0_ns "
    "keras.applications.efficientnet.EfficientNetB0 tf_efficientnet_b0.ns_jft_in1k",
    "efficientnet_b4": "efficientnet-b4-380 EfficientNet_B4",
    "efficientnet_b7:include_top=false": "efficientnetb7_notop",
}


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("MobileNet V2", "mobilenet_v2"),
        (" mobilenet_v2 ", "mobilenet_v2"),
        *((name, reference) for reference, names in NAMES.items() for name in names.split()),
    ],
)
def test_names_that_networks_have_elsewhere(name: str, reference: str) -> None:
    assert canonical(name) == reference
    assert canonical(f"{name}:classes=7") == parse(reference, {"classes": "7"}).reference


def test_a_name_that_sets_an_option_contradicts_another_setting() -> None:
    assert canonical("mobilenet_v2_0.5_96:alpha=0.50") == "mobilenet_v2:input_shape=96,alpha=0.5"
    assert canonical("v2_0.5_96@article") == "mobilenet_v2@article:input_shape=96,alpha=0.5"
    with pytest.raises(UsageError, match=re.escape("alpha is given twice: 0.5 and 0.35")):
        parse("mobilenet_v2_0.5_96", {"alpha": "0.35"})


KNOWN = {name: name for spec in models() for name in (*spec.aliases, spec.name)}


@pytest.mark.parametrize(
    ("name", "first"),
    [
        *((name, None) for name in ("swin_t", "vit_b_16", "yolov8n", "x9", "_", "tf")),
        ("mobilenet_v1_1.0_2244x", "mobilenet_v1"),
        ("mobilenetv2_110d", "mobilenet_v2"),
        ("mobilenet_v2_0.5_0.75", "mobilenet_v2"),
        ("efficientnet_b0_0.5", "efficientnet_b0"),  # which has no width to set
        ("moblienet_v2", "mobilenet_v2"),
        ("mobilenet_v7", "mobilenet_v"),
        ("efficientnet_b9", "efficientnet_b7"),
        ("b9", "b7"),
    ],
)
def test_only_what_is_near_is_suggested(name: str, first: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        parse(name)
    told = f"unknown model {name!r}" + (f"; did you mean {first}" if first else "; `cnncli list` shows all")
    assert str(caught.value).startswith(told)
    assert suggestion(name, KNOWN).startswith(f"; did you mean {first}" if first else "") or not first


@given(st.text(max_size=40))
def test_no_text_breaks_a_suggestion(word: str) -> None:
    told = suggestion(word, KNOWN)
    assert not told or told.startswith("; did you mean ")


@pytest.mark.parametrize("text", ["v2_" + "tf_" * 20_000, "v2:" + "1," * 20_000, "0.5_" * 20_000, "a" * 100_000])
def test_long_references_are_answered(run, text: str) -> None:
    read = run("summary", text, "--top", "1")
    assert (read.code, read.err.count("\n")) in ((0, 0), (2, 1))


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("my.keras", "my.keras: is empty"),
        ("model.onnx", "model.onnx: no such file"),
        ("./x", "x: no such file"),
        ("a/b.h5", "a/b.h5: no such file"),
        ("train.py", "train.py: no such file"),
        ("my.keras:alpha=0.5", "my.keras is a file, which has no flavors and no options"),
        ("https://x.y/z.onnx", "https://x.y/z.onnx: nothing is fetched"),
        ("saved", "saved is a directory"),
        ("my file", "my file: is empty"),
    ],
)
def test_a_file_is_told_as_one(run, tmp_path: Path, monkeypatch, written: str, says: str) -> None:
    (tmp_path / "my.keras").touch()
    (tmp_path / "my file").touch()
    (tmp_path / "saved").mkdir()
    monkeypatch.chdir(tmp_path)
    result = run("summary", written)
    refused(result, 2, says)
    assert "unknown model" not in result.err


# Options

OPTIONS = [
    Declared(("--alpha",)),
    Declared(("--output", "-o")),
    Declared(("--force",), flag=True),
    Declared(("--include-top",), ("--no-include-top",), flag=True),
    Declared(("--format", "-f"), choices=("table", "json", "TB")),
    Declared(("--quantize", "-q"), adds=True),
    Declared(("--set",), adds=True),
    Declared(("--input-shape",)),
]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("v2 --input_shape 96", "v2 --input-shape 96"),
        ("v2 --INPUT_SHAPE=96", "v2 --input-shape 96"),
        ("--include-top=false", "--no-include-top"),
        ("--include_top False v2", "--no-include-top v2"),
        ("--include-top true v2", "--include-top v2"),
        ("--include-top v2", "--include-top v2"),
        ("--no-include-top=false", "--include-top"),
        ("--force=no x", "x"),
        ("--force --force", "--force --force"),
        ("-f JSON -ox.y", "-f json -o x.y"),
        ("-o=x.y", "-o x.y"),
        ("--format Tb", "--format TB"),
        ("-q int8 -q int8 -q none", "-q int8 -q int8 -q none"),
        ("--alpha 0.5 --alpha 0.5", "--alpha 0.5 --alpha 0.5"),
        ("--alpha -1", "--alpha -1"),
        ("--dropout 0.5", "--set dropout=0.5"),
        ("--dropout-rate=0.5", "--set dropout=0.5"),
        ("--pooling avg --num_classes 3", "--set pooling=avg --set classes=3"),
        ("--minimalistic v3", "--set minimalistic=true v3"),
        ("--no-include-preprocessing v3", "--set include_preprocessing=false v3"),
        ("--minimalistic=off v3", "--set minimalistic=false v3"),
        ("--no-minimalistic false", "--set minimalistic=true"),
        ("- --force -- --alpha -x", "- --force -- --alpha -x"),
    ],
)
def test_options_in_the_spellings_that_people_type(typed: str, read: str) -> None:
    assert understood(typed.split(), OPTIONS) == read.split()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("--alpha .35 --alpha .5", "--alpha is given twice: .35 and .5"),
        ("-o a --output b", "--output is given twice: a and b"),
        ("--format json -f table", "-f is given twice: json and table"),
        ("--include-top --no-include-top", "--include-top and --no-include-top contradict each other"),
        ("--include-top --include-top=false", "--include-top and --include-top contradict each other"),
        ("--include-top=maybe", "--include-top=maybe: expected true or false"),
        ("--alpah 1", "No such option: --alpah; did you mean --alpha?"),
        ("--frobnicate", "No such option: --frobnicate"),
        ("-x", "No such option: -x"),
        ("--alpha", "--alpha needs a value"),
        ("-o", "-o needs a value"),
        ("--dropout", "--dropout needs a value"),
        ("--format jsno", "'jsno' is not one of 'table', 'json', 'TB'; did you mean json?"),
    ],
)
def test_options_that_cannot_be_understood(typed: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        understood(typed.split(), OPTIONS)
    assert str(caught.value).endswith(says)


WITH_MODELS = ("summary", "plot", "compare", "check", "build", "export")


@pytest.mark.parametrize("name", COMMANDS)
def test_no_option_of_any_command_is_overridden_silently(run, name: str) -> None:
    """Each option that takes a value and does not add up, twice."""
    for option in load(name).params:
        if option.param_type_name != "option" or option.is_flag or option.multiple:
            continue
        choices = option.type_descriptor.choices or ("1", "2")
        spelt = option.opts[0]
        typed = [spelt, str(choices[0]), option.opts[-1], str(choices[-1])]
        refused(run(name, "v2", *typed), 2, f"given twice: {choices[0]} and {choices[-1]}")


@pytest.mark.parametrize("name", WITH_MODELS)
def test_every_command_with_models_takes_the_options_of_any(run, name: str) -> None:
    """Understood, so that it is the model that has no such option, or its value that cannot be."""
    refused(
        run(name, "v2", *(["b0"] if name == "compare" else []), *OUTPUT.get(name, ()), "--dropout", "0.5"),
        2,
        "mobilenet_v2 has no option 'dropout'",
    )
    refused(run(name, "v1", *OUTPUT.get(name, ()), "--dropout-rate", "7"), 2, "dropout=7: expected a number from 0")


OUTPUT = {"export": ("-o", "x.tflite"), "plot": ("-o", "x.dot")}


def test_options_of_models_by_themselves_are_those_of_set(run) -> None:
    plain = run(
        "summary", "v1", "--set", "dropout=0.5", "--set", "include_top=false", "--set", "pooling=avg", "-f", "json"
    )
    typed = run("summary", "v1", "--dropout", "0.5", "--include-top=False", "--Pooling", "AVG", "--format", "JSON")
    assert (typed.code, typed.out) == (plain.code, plain.out) == (0, plain.out)
    refused(run("list", "--dropout", "0.5"), 2, "No such option: --dropout")
    refused(run("summary", "v1", "--dropout", ".5", "--dropout", ".4"), 2, "dropout is given twice: .5 and .4")


@pytest.mark.parametrize(
    "arguments",
    [
        "summary v2 --by Block --format MARKDOWN --flavor Keras",
        "plot v2 -o - --detail STAGE --direction tb --theme Dark --layout FREE --heat MACs",
        "compare v1 v2 -f Tsv --flavor ARTICLE",
        "check v2 --max-params 9M -f JUnit",
        "list -f Json --family mobileNET --flavor KERAS",
        "completions BASH",
        "Summary v2 --top 1",
    ],
)
def test_enumerations_are_read_in_any_case(run, arguments: str) -> None:
    result = run(*arguments.split())
    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("help", "--help"), ("HELP", "--help"), ("help summary", "summary --help"), ("help Check", "check --help"),
        ("version", "--version"), ("-V", "--version"), ("-v", "--version"), ("Version", "--version"),
        ("--VERSION", "--version"), ("-Vh", "--version --help"),
    ],
)  # fmt: skip
def test_help_and_version_as_people_ask_for_them(run, typed: str, same: str) -> None:
    assert run(*typed.split()) == run(*same.split())
    assert run(*typed.split()).code == 0


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("sumary v2", "No such command 'sumary'; did you mean summary?; there are summary, list"),
        ("frobnicate", "No such command 'frobnicate'; there are summary"),
        ("help frobnicate", "No such topic or command 'frobnicate'; there are references, conventions, shell, and the"),
        ("help refrences", "No such topic or command 'refrences'; did you mean references?"),
        ("--vesion", "No such option: --vesion; did you mean --version?"),
        ("--verbose summary v2", "No such option: --verbose"),
        ("mobilenet_v2", "No such command 'mobilenet_v2'; to see that network: `cnncli summary mobilenet_v2`"),
    ],
)
def test_unknown_commands(run, typed: str, says: str) -> None:
    refused(run(*typed.split()), 2, says)


def test_kinds_and_formats_of_files_are_read_in_any_case() -> None:
    from cnncli.export.targets import targets

    assert targets("v2", "out/", "TFLITE", ["INT8", "int8", "Float16"]) == targets(
        "v2", "out/", "tflite", ["int8", "float16"]
    )
    assert targets("v2", "out", None, ["DYNAMIC"]) == targets("v2", "out", None, ["dynamic"])


# Columns

COLUMNS = (
    Column("name", "Layer", lambda row: row[0]),
    Column("macs", "MACs", lambda row: row[1], True),
    Column("macs_share", "MACs %", lambda row: row[1], True),
    Column("input_shape", "Input", lambda row: row[0]),
    Column("inputs", "Inputs", lambda row: row[0]),
)
ROWS = [("b", 1), ("a", 3), ("c", None), ("d", 2)]


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("Layer,MACs", "name macs"), ("layer, MACs %", "name macs_share"), ("MACS", "macs"),
        ("macs-share", "macs_share"),
        ("Input,Inputs", "input_shape inputs"), ("input shape", "input_shape"), (" NAME ", "name"),
    ],
)  # fmt: skip
def test_columns_by_key_or_header(typed: str, keys: str) -> None:
    assert [column.key for column in choose(COLUMNS, typed, ())] == keys.split()


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("macs", "adbc"), ("MACs", "adbc"), ("-macs", "adbc"), ("-MACs", "adbc"), ("+macs", "bdac"),
        ("name", "abcd"), ("Layer", "abcd"), ("+name", "abcd"), ("-name", "dcba"), (" -Layer ", "dcba"),
    ],
)  # fmt: skip
def test_order(sort: str, names: str) -> None:
    """What has no value stands last in any order."""
    assert "".join(row[0] for row in ordered(ROWS, COLUMNS, sort)) == names


@pytest.mark.parametrize("sort", ["size", "-size", "", "-", "name,macs"])
def test_unknown_orders(sort: str) -> None:
    with pytest.raises(UsageError, match=r"unknown column|expected one column"):
        ordered(ROWS, COLUMNS, sort)


def test_the_shell_sorts_by_the_header_that_is_shown(run) -> None:
    by_key, by_header = (run("summary", "v2", "--sort", key, "--top", "3") for key in ("macs", "-MACs"))
    assert by_key == by_header
    assert by_key.code == 0
    assert run("summary", "v2", "--columns", "Layer,MACs %").out.count("MACs %") == 1
    assert run("summary", "v2", "--sort", "macs_share", "--top", "3").code == 0


def test_tab_offers_one_column_to_sort_by() -> None:
    from cnncli.cli.complete import one_of

    assert one_of(["name", "macs"])("-m") == ["-name", "-macs"]
    assert one_of(["name", "macs"])("name,") == ["name", "macs"]  # of which none goes on


# Numbers

ODD = ["007", "01", "+3", "1_000", "٣", "３", " 3", "3 ", "1,000", "0x10", "1e3", "3.0", "-1", "", "²", "1" * 5000]


@pytest.mark.parametrize("text", ODD)
def test_whole_numbers_are_plain_everywhere(run, text: str) -> None:
    assert read_whole(text) is None
    taking = [
        ("summary", "v2", "--by"), ("summary", "v2", "--top"), ("plot", "v2", "-o", "x.png", "--dpi"),
        ("plot", "v2", "-o", "x.svg", "--columns"),
        ("build", "v2", "--seed"), ("export", "v2", "-o", "x.tflite", "--batch"),
        ("history", "--since"), ("history", "--until"), ("memory", "v2", "--batch"), ("measure", "v2", "--runs"),
        ("find", "v2", "--top"), ("find", "v2", "--workers"),
    ]  # fmt: skip
    for arguments in taking:
        refused(run(*arguments, text), 2, "expected")
    if text.strip() == text:  # what stands around an option's value does not matter
        refused(run("summary", "v2", "--classes", text), 2, "expected a whole number")


@pytest.mark.parametrize("text", ["01M", "+1M", "٣M", "1_000", "007", "1e6"])
def test_amounts_are_plain_too(run, text: str) -> None:
    refused(run("check", "v2", "--max-params", text), 2, "expected")


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.5", 0.5), (".5", 0.5), ("5e-1", 0.5), ("1.", 1), ("2", 2), ("00.5", None), ("+1", None), ("-1", None),
     ("1_0", None), ("nan", None), ("inf", None), ("٣", None), ("", None), (".", None), ("0x1", None)],
)  # fmt: skip
def test_decimal_numbers(text: str, value: float | None) -> None:
    assert read_decimal(text) == value


# Files


@pytest.mark.parametrize("suffix", ["xlsx", "yaml", "yml", "pdf", "docx", "xml", "out", "5"])
@pytest.mark.parametrize("command", ["summary v2", "list", "check v2 --max-params 9M", "compare v1 v2", "memory v2"])
def test_no_table_stands_under_a_foreign_name(run, tmp_path: Path, command: str, suffix: str) -> None:
    name = command.split(maxsplit=1)[0]
    drawn = name in ("compare", "memory")
    taken = {"pdf"} if drawn else {"xml"} if name == "check" else set()
    path = tmp_path / f"x.{suffix}"
    result = run(*command.split(), "-o", path)
    if suffix in taken:
        assert result.code == 0
        return
    pictures = ".pdf, .png, .svg, " if drawn else ""
    refused(result, 2, f"nothing is written as .{suffix}; use {pictures}.json, .csv, .tsv, .md, .tex")
    assert not path.exists()
    assert run(*command.split(), "-o", path, "--format", "csv").code == 0  # what was asked for is done


@pytest.mark.parametrize("name", ["x", "x.txt", "x.TXT"])
def test_a_name_that_says_nothing_holds_a_table(run, tmp_path: Path, name: str) -> None:
    assert run("list", "-o", tmp_path / name).code == 0
    assert (tmp_path / name).read_text().startswith("Model ")


# Columns, again and again


@pytest.mark.parametrize(
    ("command", "apart", "together"),
    [
        ("summary v2", "--columns name --columns macs,type", "--columns name,macs,type"),
        ("list", "--columns name --columns MACs", "--columns name,macs"),
        ("compare v2 v1 --totals", "--columns params --columns macs", "--columns params,macs"),
        ("memory v2 --top 3", "--columns name --columns share", "--columns name,share"),
    ],
)
def test_columns_that_are_named_again_are_added(run, command: str, apart: str, together: str) -> None:
    result = run(*command.split(), *apart.split())
    assert result == run(*command.split(), *together.split())
    assert result.code == 0
    refused(run(*command.split(), *apart.split(), *apart.split()), 2, "is named twice")


# Files


@pytest.mark.parametrize("name", ["mobilenet_v2.tflite", "mobilenet_v2_1.0_224.tflite", "b0.keras", "b0.h5", "v1.onnx"])
def test_a_missing_file_is_no_network_though_it_is_called_so(run, name: str) -> None:
    refused(run("summary", name), 2, f"{name}: no such file")
