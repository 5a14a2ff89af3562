/** Tests of route configurations. */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate.route;
