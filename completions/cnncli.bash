# bash completion for cnncli: source this file from ~/.bashrc
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
