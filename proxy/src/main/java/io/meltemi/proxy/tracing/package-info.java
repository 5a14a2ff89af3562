/**
 * Distributed tracing: which requests are traced, the spans of a request and of its tries, what is
 * said of them, and how their context travels. Runs on the event loop of the stream; configuration
 * is parsed on configuration threads. See <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/observability/tracing">Envoy's
 * tracing</a>. What a collector is sent is the business of the rooms below.
 */
@NullMarked
package io.meltemi.proxy.tracing;

import org.jspecify.annotations.NullMarked;
