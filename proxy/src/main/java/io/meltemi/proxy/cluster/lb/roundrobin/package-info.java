/** Round robin, by weight when weights differ. Any event loop. */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.cluster.lb.roundrobin;
