/** What load balancing policies share. Any event loop. */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.cluster.lb;
