/**
 * LDS: the listeners of sidecars and gateways, with their filter chains. Pure functions of one
 * proxy and one push context; any thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate.listener;
