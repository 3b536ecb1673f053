/* Finds the route of a request, and serves the files of the web site. */
#include "http.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "routes.h"

void say(struct response *response, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof response->body - response->length;
    int length = vsnprintf(response->body + response->length, room, format, arguments);
    va_end(arguments);
    if (length > 0) response->length += (size_t)length < room ? (size_t)length : room - 1;
}

/* Whether the path is the pattern's; what `{…}` at its end stands for is put into `parameter`. */
static int matches(const char *pattern, const char *path, const char **parameter) {
    const char *brace = strchr(pattern, '{');
    if (!brace) return strcmp(pattern, path) == 0;
    size_t length = (size_t)(brace - pattern);
    if (strncmp(pattern, path, length) != 0 || !path[length] || strchr(path + length, '/')) return 0;
    *parameter = path + length;
    return 1;
}

static const char *type_of(const char *path) {
    const char *dot = strrchr(path, '.');
    if (dot && strcmp(dot, ".html") == 0) return "text/html; charset=utf-8";
    if (dot && strcmp(dot, ".css") == 0) return "text/css";
    return "text/plain; charset=utf-8";
}

void serve_file(const struct request *request, struct response *response) {
    char path[4096];
    const char *name = strcmp(request->path, "/") == 0 ? "/index.html" : request->path;
    FILE *file = NULL;
    if (!strstr(name, "..")) {
        snprintf(path, sizeof path, "%s%s", request->root, name);
        file = fopen(path, "rb");
    }
    if (!file) {
        response->status = 404;
        response->type = "text/plain";
        say(response, "not found\n");
        return;
    }
    response->type = type_of(name);
    response->length = fread(response->body, 1, sizeof response->body, file);
    fclose(file);
}

void dispatch(struct request *request, struct response *response) {
    for (int i = 0; i < route_count; i++) {
        if (strcmp(routes[i].method, request->method) != 0) continue;
        if (!matches(routes[i].pattern, request->path, &request->parameter)) continue;
        response->type = "application/json";
        routes[i].handle(request, response);
        return;
    }
    serve_file(request, response);
}
