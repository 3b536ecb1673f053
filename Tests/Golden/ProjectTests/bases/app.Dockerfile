ARG BASE
FROM golang:1.25 AS build
FROM baes AS first
COPY --from=buidl /x /x
FROM ${BASE}-slim
COPY --from=first /x /x
