/**
 * Sources of load: {@code wrk}, {@code h2load} and our own generators, each a process of its own.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.bench.load;
