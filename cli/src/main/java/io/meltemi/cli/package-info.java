/**
 * The one executable. {@link Main} hands the command line to the command that {@link Commands}
 * lists; the calling thread runs it, and its result is the exit code.
 */
@NullMarked
package io.meltemi.cli;

import org.jspecify.annotations.NullMarked;
