/* What a handler gets and gives. */
#pragma once
#include <stddef.h>

struct request {
    const char *method, *path;
    /* What stands in the path where the route has `{…}`; "" where it has none. */
    const char *parameter;
    /* The folder with the web site. */
    const char *root;
};

struct response {
    int status;
    const char *type;
    char body[65536];
    size_t length;
};

typedef void handler(const struct request *, struct response *);

struct route {
    const char *method, *pattern;
    handler *handle;
};

/* Appends text to the body; what does not fit is left out. */
void say(struct response *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fills the response with a file of the web site. */
void serve_file(const struct request *, struct response *);

/* Answers one request with the route that matches, or else with a file. */
void dispatch(struct request *, struct response *);
