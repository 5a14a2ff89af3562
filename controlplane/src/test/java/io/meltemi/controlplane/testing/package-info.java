/** Worlds for tests of the control plane. */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.testing;
