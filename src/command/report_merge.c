/* holdfast report --merge: parts of one load, drawn as one run. */
#include "command/report_read.h"
#include "command/report_request.h"
#include "report/saved/saved_merge.h"

struct saved *report_merge(const struct report_request *request) {
    char error[SAVED_ERROR_MAX];
    struct saved_merge merge = {0};
    for (size_t i = 0; i < request->file_count; i++) {
        struct saved *part = report_read(request->files[i]);
        if (part != NULL && saved_merge_add(&merge, part, request->files[i], error))
            continue;
        if (part != NULL)
            report_complain("%s", error);
        saved_merge_free(&merge);
        return NULL;
    }
    return saved_merge_end(&merge);
}
