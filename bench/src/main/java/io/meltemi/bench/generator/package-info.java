/**
 * Programs that run in JVMs of their own: generators of load, and the backends for machines without
 * nginx. Each has a {@code main} with positional arguments and prints {@code name=value} lines.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.bench.generator;
