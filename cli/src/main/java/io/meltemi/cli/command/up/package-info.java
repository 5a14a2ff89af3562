/** Runs a whole mesh on this machine; the main thread waits for its end. */
@NullMarked
package io.meltemi.cli.command.up;

import org.jspecify.annotations.NullMarked;
