@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate.secret;
