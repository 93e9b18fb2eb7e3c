// Included once by each program of the folder: what AddressSanitizer is told unless ASAN_OPTIONS says otherwise.
#pragma once

extern "C" {
const char* __asan_default_options();
}

// What one execution frees is far below 8 MB, and four frames tell whose it was; with the defaults a third of the time
// goes into these two.
const char* __asan_default_options() { return "quarantine_size_mb=8:malloc_context_size=4"; }
