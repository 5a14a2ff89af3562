/**
 * Maglev: a table that hosts fill in turn, each in an order of its own, and the request's hash is
 * the index (<a href="https://research.google/pubs/pub44824/">Maglev, section 3.4</a>); the same
 * table as in Envoy. Any event loop.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.cluster.lb.maglev;
