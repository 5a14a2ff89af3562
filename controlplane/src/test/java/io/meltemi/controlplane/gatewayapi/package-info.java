@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.gatewayapi;
