FROM --platform=$BUILDPLATFORM made AS build
FROM scratch
COPY --from=app /a /b
COPY --from=build /a /c
