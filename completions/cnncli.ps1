# PowerShell completion for cnncli: add this to the file that $PROFILE names
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
