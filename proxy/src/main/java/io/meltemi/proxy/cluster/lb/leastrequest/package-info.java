/** Least request: the less busy of a few hosts drawn at random. Any event loop. */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.cluster.lb.leastrequest;
