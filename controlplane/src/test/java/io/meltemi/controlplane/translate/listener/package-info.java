/** Tests of listeners. */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate.listener;
