/**
 * The conformance suite of traffic management: cases as data ({@code resources/traffic}), each run
 * over our proxy and over a stock Envoy under our control plane.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.it.traffic;
