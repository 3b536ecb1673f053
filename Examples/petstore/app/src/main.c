/* The petstore's server: petstore [--port N] [--root FOLDER]. One request at a time is enough for an example. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"

static void write_all(int client, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(client, bytes, length);
        if (written <= 0) return;
        bytes += written;
        length -= (size_t)written;
    }
}

static void answer(int client, const char *root) {
    static struct response response;
    char text[8192], head[256];
    size_t length = 0;
    do {
        ssize_t count = read(client, text + length, sizeof text - 1 - length);
        if (count <= 0) return;
        length += (size_t)count;
        text[length] = 0;
    } while (!strstr(text, "\r\n\r\n") && length < sizeof text - 1);

    char *rest, *method = strtok_r(text, " ", &rest), *path = strtok_r(NULL, " ?", &rest);
    if (!method || !path) return;
    struct request request = {method, path, "", root};
    response = (struct response){.status = 200, .type = "text/plain"};
    dispatch(&request, &response);
    int size = snprintf(head, sizeof head,
                        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                        response.status, response.status == 200 ? "OK" : "Not Found", response.type, response.length);
    write_all(client, head, (size_t)size);
    write_all(client, response.body, response.length);
}

int main(int count, char **words) {
    int port = 8080;
    const char *root = "/srv/www";
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(words[i], "--port") == 0) port = atoi(words[i + 1]);
        if (strcmp(words[i], "--root") == 0) root = words[i + 1];
    }
    signal(SIGPIPE, SIG_IGN);
    int server = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    socklen_t size = sizeof address;
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(server, (struct sockaddr *)&address, size) != 0 || listen(server, 16) != 0) {
        perror("petstore");
        return 1;
    }
    getsockname(server, (struct sockaddr *)&address, &size);
    printf("listening on port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int client = accept(server, NULL, NULL);
        if (client < 0) continue;
        answer(client, root);
        close(client);
    }
}
