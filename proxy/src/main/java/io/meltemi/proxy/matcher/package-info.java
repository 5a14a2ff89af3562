/**
 * Predicates over strings and headers, compiled once from Envoy's {@code type.matcher.v3} and
 * {@code route.v3.HeaderMatcher}, and the trace that tells why one held or failed. Immutable and
 * free of allocation when untraced, except for regular expressions; evaluated on event loops.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.matcher;
