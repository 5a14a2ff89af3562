/**
 * Ring hash: every host stands at many places of a ring, and a request goes to the next one behind
 * its hash; the same places as in Envoy. Any event loop.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.cluster.lb.ringhash;
