# fish completion for cnncli: put this file into ~/.config/fish/completions
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
