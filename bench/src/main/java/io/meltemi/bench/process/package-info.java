/**
 * Child processes and what Linux tells about them in {@code /proc}; the tools that a run may use.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.bench.process;
