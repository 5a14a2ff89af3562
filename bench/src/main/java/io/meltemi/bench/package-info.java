/** Side-by-side load benchmarks over real processes; started with {@code ./meltemi bench}. */
@org.jspecify.annotations.NullMarked
package io.meltemi.bench;
