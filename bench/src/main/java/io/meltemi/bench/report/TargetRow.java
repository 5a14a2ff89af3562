package io.meltemi.bench.report;

/**
 * One line of the table that a scenario yields.
 *
 * @param number of the target, 1 to 11; 0 when no target speaks of it
 * @param metric the figure
 * @param goal its limits
 */
public record TargetRow(int number, Metric metric, Goal goal) {}
