package io.meltemi.proxy.listener.filter.httpinspector;

import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;

/** The numbers under {@code http_inspector.}. */
final class HttpInspectorStats {
  final Counter http10Found;
  final Counter http11Found;
  final Counter http2Found;
  final Counter httpNotFound;

  HttpInspectorStats(StatScope scope) {
    http10Found = scope.counter("http10_found");
    http11Found = scope.counter("http11_found");
    http2Found = scope.counter("http2_found");
    httpNotFound = scope.counter("http_not_found");
  }
}
