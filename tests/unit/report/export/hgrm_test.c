/* The distribution as HdrHistogram prints it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "options/options.h"
#include "report/fixture.h"

static const char *hgrm_of(struct fixture *fixture, const struct record *record) {
    FILE *out = fixture_stream(fixture);
    assert_int_equal(report_hgrm(out, &fixture->plan, record, &fixture->judgement), 0);
    fclose(out);
    return fixture->text;
}

/* HdrHistogram (npm's hdr-histogram-js 3.0.1, outputPercentileDistribution(5, 1e6)) of the same,
 * but for the greatest value, of which it knows only 3001.025, and for the mean, which is exact
 * here. */
static void it_is_what_hdrhistogram_prints(void **state) {
    (void)state;
    static const char expected[] = "       Value     Percentile TotalCount 1/(1-Percentile)\n"
                                   "\n"
                                   "       0.250 0.000000000000        500           1.00\n"
                                   "       0.250 0.100000000000        500           1.11\n"
                                   "       0.250 0.200000000000        500           1.25\n"
                                   "       0.250 0.300000000000        500           1.43\n"
                                   "       0.250 0.400000000000        500           1.67\n"
                                   "       0.250 0.500000000000        500           2.00\n"
                                   "       0.250 0.550000000000        500           2.22\n"
                                   "       0.250 0.600000000000        500           2.50\n"
                                   "       0.250 0.650000000000        500           2.86\n"
                                   "       0.250 0.700000000000        500           3.33\n"
                                   "       0.250 0.750000000000        500           4.00\n"
                                   "       0.250 0.775000000000        500           4.44\n"
                                   "       0.250 0.800000000000        500           5.00\n"
                                   "       0.250 0.825000000000        500           5.71\n"
                                   "       0.250 0.850000000000        500           6.67\n"
                                   "       0.250 0.875000000000        500           8.00\n"
                                   "       0.250 0.887500000000        500           8.89\n"
                                   "       0.250 0.900000000000        500          10.00\n"
                                   "       0.250 0.912500000000        500          11.43\n"
                                   "       0.250 0.925000000000        500          13.33\n"
                                   "       0.250 0.937500000000        500          16.00\n"
                                   "       0.250 0.943750000000        500          17.78\n"
                                   "       0.250 0.950000000000        500          20.00\n"
                                   "       0.250 0.956250000000        500          22.86\n"
                                   "       0.250 0.962500000000        500          26.67\n"
                                   "       0.250 0.968750000000        500          32.00\n"
                                   "       0.250 0.971875000000        500          35.56\n"
                                   "       0.250 0.975000000000        500          40.00\n"
                                   "       0.250 0.978125000000        500          45.71\n"
                                   "       0.250 0.981250000000        500          53.33\n"
                                   "       0.250 0.984375000000        500          64.00\n"
                                   "       0.250 0.985937500000        500          71.11\n"
                                   "       0.250 0.987500000000        500          80.00\n"
                                   "       0.250 0.989062500000        500          91.43\n"
                                   "       0.250 0.990625000000        500         106.67\n"
                                   "       0.250 0.992187500000        500         128.00\n"
                                   "       0.250 0.992968750000        500         142.22\n"
                                   "       0.250 0.993750000000        500         160.00\n"
                                   "       0.250 0.994531250000        500         182.86\n"
                                   "       0.250 0.995312500000        500         213.33\n"
                                   "       0.250 0.996093750000        500         256.00\n"
                                   "       0.250 0.996484375000        500         284.44\n"
                                   "       0.250 0.996875000000        500         320.00\n"
                                   "       0.250 0.997265625000        500         365.71\n"
                                   "       0.250 0.997656250000        500         426.67\n"
                                   "    3000.000 0.998046875000        501         512.00\n"
                                   "    3000.000 1.000000000000        501\n"
                                   "#[Mean    =        6.238, StdDeviation   =      133.885]\n"
                                   "#[Max     =     3000.000, Total count    =          501]\n"
                                   "#[Buckets =           23, SubBuckets     =         2048]\n";
    struct fixture *fixture = fixture_make(COMMAND_RUN);
    histogram_add(&fixture->record.total.latency, 3 * SECOND);
    assert_string_equal(hgrm_of(fixture, &fixture->record), expected);
    fixture_free(fixture);
}

static void of_nothing_there_are_no_levels(void **state) {
    (void)state;
    struct fixture *fixture = fixture_make(COMMAND_RUN);
    const char *text = hgrm_of(fixture, NULL);
    assert_non_null(strstr(text, "1/(1-Percentile)\n\n#[Mean "));
    assert_non_null(strstr(text, "Total count    =            0]"));
    fixture_free(fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_what_hdrhistogram_prints),
        cmocka_unit_test(of_nothing_there_are_no_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
