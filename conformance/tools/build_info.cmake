# Writes OUTPUT (C++ source) with VERSION and the commit the tree is at; leaves it alone where nothing changed.
execute_process(COMMAND git describe --always --dirty --abbrev=12 "--exclude=*" WORKING_DIRECTORY ${SOURCE}
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed OR commit STREQUAL "")
    set(commit "unknown")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [=[
#include "conformance/reports/reports.hpp"

namespace conformance {

const Tool& tool() {
    static const Tool here{"@VERSION@", "@commit@"};
    return here;
}

}  // namespace conformance
]=] @ONLY)
