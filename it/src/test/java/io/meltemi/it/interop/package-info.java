/**
 * The same traffic over two data planes, ours and the real Envoy, under our control plane; every
 * process is started by its command line, as a user would.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.it.interop;
