set -u
url=${HOLDFAST_URL:?the server under test, such as http://127.0.0.1:8080/}
connections=${HOLDFAST_CONNECTIONS:-1k}
hold=${HOLDFAST_HOLD:-5m}
results=${HOLDFAST_RESULTS:-holdfast-results}
baseline=${HOLDFAST_BASELINE:-baseline.json}

# A line; on GitHub an annotation of the run: tell error|warning|notice TEXT
tell() {
    if [ "${GITHUB_ACTIONS:-}" = true ]; then
        echo "::$1 title=holdfast::$2"
    else
        echo "$2"
    fi
}

# Whatever becomes of the job, its page on GitHub has what was printed.
summarize() {
    if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
        for text in "$results"/*.txt; do
            [ ! -f "$text" ] || { echo "~~~"; cat "$text"; echo "~~~"; } >>"$GITHUB_STEP_SUMMARY"
        done
    fi
}

soak() {
    holdfast run --connections "$connections" --duration "$hold" \
        --require 'opened>=100%' --require 'lost<=0' --require 'status_5xx<=0' \
        --json "$results/run.json" --html "$results/run.html" --junit "$results/run.xml" "$url" >"$results/run.txt"
    code=$?
    cat "$results/run.txt"
}

mkdir -p "$results"
trap summarize EXIT
soak
if [ "$code" -eq 4 ]; then
    echo "inconclusive: once more"
    soak
fi
case $code in
0) tell notice "held" ;;
1) tell error "broke: see $results/run.html" ; exit 1 ;;
4) tell warning "inconclusive twice: nothing is said of the server" ; exit 0 ;;
*) tell error "not tested: exit code $code" ; exit "$code" ;;
esac

if [ ! -f "$baseline" ]; then
    tell notice "no baseline yet: this run is it"
    cp "$results/run.json" "$baseline"
    exit 0
fi
holdfast report --compare --json "$results/comparison.json" "$baseline" "$results/run.json" >"$results/comparison.txt"
code=$?
cat "$results/comparison.txt"
case $code in
0) tell notice "no worse than the baseline" ;;
1) tell error "worse than the baseline: see comparison.txt" ; exit 1 ;;
4) tell warning "not comparable with the baseline: $results/comparison.txt says why" ;;
*) tell error "not compared: exit code $code" ; exit "$code" ;;
esac
