/**
 * {@code meltemi.yaml}: how the container images of the manifests run on this machine. Immutable
 * records and pure functions; any thread.
 */
@NullMarked
package io.meltemi.embedded.image;

import org.jspecify.annotations.NullMarked;
