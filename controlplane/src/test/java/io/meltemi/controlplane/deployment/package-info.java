/** Tests of what is made for gateways. */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.deployment;
