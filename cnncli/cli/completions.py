"""`cnncli completions`: the scripts that teach a shell to complete cnncli's words, and where each shell keeps them."""

from __future__ import annotations

import os
from errno import EINVAL, ENOSPC
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from cnncli.errors import MachineError, UsageError
from cnncli.render.console import emit

Shell = Literal["bash", "zsh", "fish", "powershell"]
SHELLS: tuple[str, ...] = get_args(Shell)

# Every script asks the command itself, in the way that Typer answers fish: a line an offer, its meaning behind a tab.
BASH = r"""# bash completion for cnncli: source this file from ~/.bashrc
_cnncli_completion() {
    local line=${COMP_LINE:0:COMP_POINT} word prefix
    local -a words
    word=${line##*[[:space:]]}
    read -r -a words <<< "${line%"$word"}"
    mapfile -t COMPREPLY < <(_CNNCLI_COMPLETE=complete_bash COMP_WORDS="$line" COMP_CWORD=${#words[@]} "$1" 2>/dev/null)
    # Without an offer readline completes file names.
    [[ -n ${COMPREPLY[0]} ]] || { COMPREPLY=(); return 0; }
    # Readline replaces only what stands behind the word's last break, such as the : and = of a reference, or from an @.
    prefix=${word%"${word##*["$COMP_WORDBREAKS"]}"}
    prefix=${prefix%@}
    COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:/] ]] && compopt -o nospace
    return 0
}
complete -o default -o nosort -F _cnncli_completion cnncli
"""
ZSH = r"""#compdef cnncli
# zsh completion for cnncli: put this file as _cnncli into a directory of $fpath
_cnncli() {
    local -a offers words_ meanings open_words open_meanings
    local offer word meaning
    offers=("${(@f)$(_CNNCLI_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
        _TYPER_COMPLETE_ARGS="${(j: :)words[1,CURRENT]}" ${words[1]} 2>/dev/null)}")
    for offer in $offers; do
        word=${offer%%$'\t'*}
        meaning=$word
        [[ $offer == *$'\t'* ]] && meaning="$word  -- ${offer#*$'\t'}"
        if [[ $word == *[=:/] ]]; then
            open_words+=("$word"); open_meanings+=("$meaning")
        elif [[ -n $word ]]; then
            words_+=("$word"); meanings+=("$meaning")
        fi
    done
    if (( ! $#words_ && ! $#open_words )); then
        _files
        return
    fi
    (( $#open_words )) && compadd -S '' -l -d open_meanings -a open_words
    (( $#words_ )) && compadd -l -d meanings -a words_
}
if [[ $funcstack[1] == _cnncli ]]; then
    _cnncli "$@"
else
    compdef _cnncli cnncli
fi
"""
FISH = r"""# fish completion for cnncli: put this file into ~/.config/fish/completions
function __cnncli_complete
    set -l words (commandline -opc)
    set -l offers (env _CNNCLI_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
        _TYPER_COMPLETE_ARGS=(commandline -cp | string collect) $words[1] 2>/dev/null)
    if test -n "$offers"
        printf '%s\n' $offers
    else
        __fish_complete_path (commandline -ct)
    end
end
complete --command cnncli --no-files --arguments '(__cnncli_complete)'
"""
POWERSHELL = r"""# PowerShell completion for cnncli: add this to the file that $PROFILE names
Register-ArgumentCompleter -Native -CommandName cnncli -ScriptBlock {
    param($word, $tree, $position)
    $line = $tree.ToString().PadRight($position).Substring(0, $position)
    $env:_CNNCLI_COMPLETE = 'complete_fish'
    $env:_TYPER_COMPLETE_FISH_ACTION = 'get-args'
    $env:_TYPER_COMPLETE_ARGS = $line
    try {
        cnncli 2>$null | Where-Object { $_ } | ForEach-Object {
            $offer, $meaning = $_ -split "`t", 2
            if (-not $meaning) { $meaning = $offer }
            [System.Management.Automation.CompletionResult]::new($offer, $offer, 'ParameterValue', $meaning)
        }
    } finally {
        Remove-Item Env:_CNNCLI_COMPLETE, Env:_TYPER_COMPLETE_FISH_ACTION, Env:_TYPER_COMPLETE_ARGS
    }
}
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH, "powershell": POWERSHELL}


def completions(
    shell: Annotated[
        Shell, typer.Argument(metavar="SHELL", help=f"{', '.join(SHELLS[:-1])} or {SHELLS[-1]}.", case_sensitive=False)
    ],
) -> None:
    """Print the script that makes TAB complete cnncli's commands, options, models and their options.

    Example: cnncli completions bash > ~/.cnncli-completion.bash && echo 'source ~/.cnncli-completion.bash' >> ~/.bashrc
    """
    emit(SCRIPTS[shell])


def install(wanted: bool) -> None:
    """Install the script for the shell that runs this command, and end. Raises MachineError where it cannot."""
    if not wanted:
        return
    shell = _running_shell()
    advice = f"`cnncli completions {shell}` prints the script"
    try:
        place = _install(shell, Path.home())
    except OSError as error:
        raise MachineError(f"{error.filename or shell}: {error.strerror or error}; {advice}") from None
    except RuntimeError as error:  # of Path.home
        raise MachineError(f"{error}; {advice}") from None
    emit(f"{shell} completion installed in {place}; it takes effect in the next shell\n")
    raise typer.Exit()


def _running_shell() -> str:
    import shellingham

    try:
        name = str(shellingham.detect_shell()[0])
    except shellingham.ShellDetectionFailure:
        name = Path(os.environ.get("SHELL", "")).name
    shell = "powershell" if name == "pwsh" else name
    if shell not in SCRIPTS:
        raise UsageError(
            f"unknown shell {name!r}; `cnncli completions SHELL` prints the script for {', '.join(SHELLS)}"
        )
    return shell


def _install(shell: str, home: Path) -> Path:
    """Write the script where the shell looks for it, or else with a line for it in the start-up file."""
    if shell == "fish":
        return _write(home / ".config" / "fish" / "completions" / "cnncli.fish", FISH)
    if shell == "zsh":
        place = _write(home / ".zfunc" / "_cnncli", ZSH)
        _add_line(home / ".zshrc", "fpath+=~/.zfunc; autoload -Uz compinit; compinit")
        return place
    if shell == "bash":
        place = _write(home / ".local" / "share" / "cnncli" / "completion.bash", BASH)
        from shlex import quote  # every command loads this module, and none else needs it

        _add_line(home / ".bashrc", f"source {quote(str(place))}")
        return place
    place = _write(home / ".config" / "powershell" / "cnncli-completion.ps1", POWERSHELL)
    quoted = str(place).replace("'", "''")
    _add_line(_powershell_profile(), f". '{quoted}'")
    return place


def _powershell_profile() -> Path:
    import shutil
    import subprocess

    program = shutil.which("pwsh") or shutil.which("powershell")
    if not program:
        raise MachineError("no pwsh on PATH; `cnncli completions powershell` prints the script")
    asked = [program, "-NoProfile", "-Command", "$PROFILE"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout.strip():
        raise MachineError(f"{program} does not tell its $PROFILE; `cnncli completions powershell` prints the script")
    return Path(done.stdout.strip())


def _write(path: Path, script: str) -> Path:
    from cnncli.files import write_text

    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, script, force=True)
    return path


def _add_line(path: Path, line: str) -> None:
    """Append a line to a start-up file, once; what stands there, in whatever encoding, is never written again.

    Raises OSError where it cannot be appended whole; then nothing is.
    """
    if path.exists() and not path.is_file():
        raise OSError(EINVAL, "not a file", str(path))
    before = path.read_bytes() if path.exists() else b""
    added = os.fsencode(line) + b"\n"
    if added in before:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = added if before.endswith(b"\n") or not before else b"\n" + added
    with path.open("ab", buffering=0) as file:
        if file.write(whole) != len(whole):
            file.truncate(len(before))
            raise OSError(ENOSPC, os.strerror(ENOSPC), str(path))
