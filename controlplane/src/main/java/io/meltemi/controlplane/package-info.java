/**
 * The control plane put together: settings, lists of what it is made of, start and stop. State
 * changes on one push thread, requests are taken by gRPC and virtual threads.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane;
