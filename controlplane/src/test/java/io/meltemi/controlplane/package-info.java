/** Tests of the control plane as a whole, in one process. */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane;
