/**
 * Spans to a Zipkin collector ({@code trace.v3.ZipkinConfig}) as JSON of its second version. Runs
 * on event loops; configuration is parsed on configuration threads. See <a
 * href="https://zipkin.io/zipkin-api/">its API</a> and <a
 * href="https://github.com/openzipkin/b3-propagation">B3</a>.
 */
@NullMarked
package io.meltemi.proxy.tracing.zipkin;

import org.jspecify.annotations.NullMarked;
