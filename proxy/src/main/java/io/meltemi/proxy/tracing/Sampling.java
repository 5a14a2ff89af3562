package io.meltemi.proxy.tracing;

import io.meltemi.proxy.matcher.Fraction;

/**
 * Which share of requests is traced.
 *
 * @param client of those that ask with {@code x-client-trace-id}
 * @param random of the others
 * @param overall of all that would be traced
 */
public record Sampling(Fraction client, Fraction random, Fraction overall) {}
