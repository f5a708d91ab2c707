"""TAB in the real shells, typed through a pseudo-terminal."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from cnncli.cli.complete import family_or_reference, reference
from cnncli.cli.completions import SCRIPTS

COMPLETIONS = Path(__file__).parent.parent / "completions"
FILES = {"bash": "cnncli.bash", "zsh": "_cnncli", "fish": "cnncli.fish", "powershell": "cnncli.ps1"}

# What is typed before TAB, and what stands there after it.
TYPED = [
    ("cnncli summ", "cnncli summary "),
    ("cnncli summary mobilenet_v3_l", "cnncli summary mobilenet_v3_large"),
    ("cnncli summary v3_s", "cnncli summary v3_small"),
    ("cnncli summary v2@a", "cnncli summary v2@article"),
    ("cnncli summary mobilenet_v2:al", "cnncli summary mobilenet_v2:alpha="),
    ("cnncli summary v2:alpha=0.5,pooling=a", "cnncli summary v2:alpha=0.5,pooling=avg"),
    ("cnncli summary v2 --input-s", "cnncli summary v2 --input-shape "),
    ("cnncli summary v2 --format mark", "cnncli summary v2 --format markdown"),
    ("cnncli summary v2 --by st", "cnncli summary v2 --by stage"),
    ("cnncli help ref", "cnncli help references"),
    ("cnncli help summ", "cnncli help summary"),
    ("cnncli compare v1 v2 --no-p", "cnncli compare v1 v2 --no-pager"),
    ("cnncli summary v2 --columns name,fl", "cnncli summary v2 --columns name,flops"),
    ("cnncli plot b0 -o b0.pd", "cnncli plot b0 -o b0.pdf"),
    ("cnncli export b0 --output out.tf", "cnncli export b0 --output out.tflite"),
    ("cnncli export b0 -o x.tflite --quantize dy", "cnncli export b0 -o x.tflite --quantize dynamic"),
    ("cnncli export b0 -o x.onnx --layout nc", "cnncli export b0 -o x.onnx --layout nchw"),
    ("cnncli export b0 --to on", "cnncli export b0 --to onnx"),
    ("cnncli measure v2 --kind dy", "cnncli measure v2 --kind dynamic"),
    ("cnncli plot EfficientNetB0 --det", "cnncli plot EfficientNetB0 --detail"),
    ("cnncli memory v2 --by op", "cnncli memory v2 --by operation "),
    ("cnncli memory v2 --columns name,li", "cnncli memory v2 --columns name,live_bytes"),
    ("cnncli summary v2 --set inc", "cnncli summary v2 --set include_top="),
    ("cnncli list --family MobileN", "cnncli list --family MobileNet"),
    ("cnncli history --family MobileN", "cnncli history --family MobileNet"),
    ("cnncli history -o past.sv", "cnncli history -o past.svg"),
    ("cnncli list --columns name,rec", "cnncli list --columns name,receptive_field"),
    ("cnncli list mobilenet_v3_l", "cnncli list mobilenet_v3_large"),
    ("cnncli check --budget budg", "cnncli check --budget budgets.toml"),
    ("cnncli build v2 --weights folder/w", "cnncli build v2 --weights folder/weights.h5"),
]

START = {
    "bash": ("bash --norc --noprofile -i", "PS1='READY> '"),
    "zsh": ("zsh -f -i", "autoload -Uz compinit; compinit -u; PS1='READY> '"),
    "fish": ("fish --no-config -i", "function fish_prompt; echo -n 'READY> '; end"),
}


@pytest.fixture(scope="module", params=[*START])
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[pexpect.spawn]:
    """A shell of its own home, with the completions loaded, at its prompt."""
    command, prepare = START[request.param]
    if not shutil.which(command.split()[0]):
        pytest.skip(f"{command.split()[0]} is not installed")
    home = tmp_path_factory.mktemp(request.param)
    (home / "folder").mkdir()
    for name in ("budgets.toml", "folder/weights.h5"):
        (home / name).touch()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(home), "TERM": "xterm", "LANG": "C.UTF-8", "PYTHONPATH": ""}
    child = pexpect.spawn(command, env=environment, encoding="utf-8", dimensions=(40, 200), timeout=60, cwd=str(home))
    child.sendline(f"{prepare}; source {COMPLETIONS / FILES[request.param]}")
    child.expect("READY> ")
    child.sendline("echo set''tled")
    child.expect("settled")
    yield child
    child.close(force=True)


@pytest.mark.parametrize(("typed", "completed"), TYPED)
def test_tab(shell: pexpect.spawn, typed: str, completed: str) -> None:
    """Type, TAB, then put `printf` before the line and let the shell itself say which words stand there."""
    shell.sendcontrol("u")
    shell.send(typed + "\t")
    shell.sendcontrol("a")
    shell.sendline("printf '<%s>' ")
    words = re.escape("".join(f"<{word}>" for word in completed.split()))
    assert shell.expect([rf"{words}[^<]", r"<cnncli>[^\r\n]*[\r\n]"]) == 0, shell.after


def test_a_family_is_offered_to_list_alone() -> None:
    """In small letters, as people type it, before the models that begin so; not beside a path or an option."""
    offered = family_or_reference("vg")
    assert offered.index("vgg") < offered.index("vgg16")
    assert "vgg" not in reference("vg")
    assert family_or_reference("mobilenet").count("mobilenet") == 1  # which is a model's alias too
    assert family_or_reference("v2:al") == reference("v2:al")


def test_the_scripts_are_the_commands_output(run) -> None:
    assert set(SCRIPTS) == set(FILES)
    for name, file in FILES.items():
        assert run("completions", name).out == (COMPLETIONS / file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "script", "start_up"),
    [
        ("bash", ".local/share/cnncli/completion.bash", ".bashrc"),
        ("zsh", ".zfunc/_cnncli", ".zshrc"),
        ("fish", ".config/fish/completions/cnncli.fish", None),
    ],
)
def test_install_completion(name: str, script: str, start_up: str | None, tmp_path: Path, monkeypatch, run) -> None:
    import shellingham

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(shellingham, "detect_shell", lambda: (name, f"/bin/{name}"))
    for _ in range(2):
        result = run("--install-completion")
        assert (result.code, result.err) == (0, "")
        assert f"{name} completion installed in {tmp_path / script}" in result.out
    assert (tmp_path / script).read_text() == SCRIPTS[name]
    if start_up:
        assert len((tmp_path / start_up).read_text().splitlines()) == 1


@pytest.fixture
def bash(monkeypatch, tmp_path: Path) -> Path:
    """A home whose shell is bash, and whose name needs quoting."""
    import shellingham

    home = tmp_path / 'it\'s "a" $home `x`'
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(shellingham, "detect_shell", lambda: ("bash", "/bin/bash"))
    return home


@pytest.mark.parametrize("before", [b"", b"alias x=y\n", b"alias x=y", "# sch\u00f6n\n".encode("latin-1"), b"\0\xff\n"])
def test_a_start_up_file_keeps_every_byte(run, bash: Path, before: bytes) -> None:
    (bash / ".bashrc").write_bytes(before)
    for _ in range(2):
        assert run("--install-completion")[::2] == (0, "")
    after = (bash / ".bashrc").read_bytes()
    assert after.startswith(before)
    assert after.count(b"source ") == 1
    if shutil.which("bash") and b"\0" not in before:
        script = f"source {shlex.quote(str(bash / '.bashrc'))} && complete -p cnncli"
        done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=False)
        assert "_cnncli_completion" in done.stdout


@pytest.mark.skipif(not shutil.which("bash"), reason="limits a file's size by bash's ulimit")
def test_a_start_up_file_is_never_cut(bash: Path) -> None:
    """Where there is room for a part of the line only, as under a limit or on a full disk."""
    before = b"#" * (16 * 1024 - 3) + b"\n"
    (bash / ".bashrc").write_bytes(before)
    script = f"ulimit -f 16; trap '' XFSZ; {sys.executable} -m cnncli --install-completion"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert (bash / ".bashrc").read_bytes() == before


@pytest.mark.parametrize("obstacle", ["a directory", "a pipe", "a folder that is a file"])
def test_what_is_in_the_way_of_a_completion_is_one_line(run, bash: Path, obstacle: str) -> None:
    if obstacle == "a directory":
        (bash / ".bashrc").mkdir()
    elif obstacle == "a pipe":
        os.mkfifo(bash / ".bashrc")
    else:
        (bash / ".local").write_text("")
    result = run("--install-completion")
    assert (result.code, result.out, result.err.count("\n")) == (3, "", 1)
    assert "`cnncli completions bash` prints the script" in result.err


def test_an_unknown_shell_is_named(run, monkeypatch) -> None:
    import shellingham

    monkeypatch.setattr(shellingham, "detect_shell", lambda: ("tcsh", "/bin/tcsh"))
    result = run("--install-completion")
    assert result.code == 2
    assert "unknown shell 'tcsh'; `cnncli completions SHELL` prints the script for bash, zsh" in result.err
