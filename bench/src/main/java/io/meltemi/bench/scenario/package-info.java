/**
 * What is measured: each scenario is one configuration for both proxies, a load and the figures
 * taken from it. {@link io.meltemi.bench.scenario.Scenarios} is the list.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.bench.scenario;
