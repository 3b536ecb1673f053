#include <curl/curl.h>

/* The functions that set and read options are variadic, which Swift does not import. */
typedef size_t (*curl_transfer)(char *bytes, size_t size, size_t count, void *context);
typedef int (*curl_progress)(void *context, curl_off_t downloads, curl_off_t downloaded, curl_off_t uploads,
                             curl_off_t uploaded);
typedef int (*curl_rewind)(void *context, curl_off_t offset, int origin);

static inline CURLcode curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode curl_set_transfer(CURL *handle, CURLoption option, curl_transfer value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode curl_set_rewind(CURL *handle, curl_rewind value) {
    return curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, value);
}
static inline CURLcode curl_set_progress(CURL *handle, curl_progress value) {
    return curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, value);
}
/* libcurl keeps a copy. */
static inline CURLcode curl_set_authorities(CURL *handle, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(handle, CURLOPT_CAINFO_BLOB, &blob);
}
static inline CURLcode curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode curl_get_offset(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}
