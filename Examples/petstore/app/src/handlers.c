/* One function for each operationId of openapi.yaml. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routes.h"

void health(const struct request *request, struct response *response) {
    (void)request;
    say(response, "{\"ok\": true}\n");
}

void info(const struct request *request, struct response *response) {
    (void)request;
    say(response, "{\"title\": \"%s\", \"version\": \"%s\", \"operations\": %d}\n", API_TITLE, API_VERSION,
        route_count);
}

static int is_page(const struct dirent *entry) {
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".html") == 0;
}

void list_pets(const struct request *request, struct response *response) {
    char folder[4096];
    struct dirent **pages;
    snprintf(folder, sizeof folder, "%s/pets", request->root);
    int count = scandir(folder, &pages, is_page, alphasort);
    say(response, "[");
    for (int i = 0; i < count; i++) {
        int length = (int)(strlen(pages[i]->d_name) - strlen(".html"));
        say(response, "%s\"%.*s\"", i ? ", " : "", length, pages[i]->d_name);
        free(pages[i]);
    }
    if (count >= 0) free(pages);
    say(response, "]\n");
}

void show_pet(const struct request *request, struct response *response) {
    char path[4096];
    snprintf(path, sizeof path, "/pets/%s.html", request->parameter);
    struct request page = *request;
    page.path = path;
    serve_file(&page, response);
}
