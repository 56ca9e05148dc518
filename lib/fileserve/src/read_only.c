/* SPDX-License-Identifier: MIT */
/* The operations that change something, for a server that changes nothing: linked where there are no others. */
#include "fileserve/clients.h"

err_t read_only_open(uint32_t how, err_t err, uint32_t kind)
{
    if (err == ERR_NO_ENTRY && (how & FILE_HOW_CREATE)) {
        return ERR_READ_ONLY;
    }
    if (err || kind == FILE_KIND_SYMLINK) {
        return err;
    }
    if ((how & FILE_HOW_DIRECTORY) && kind != FILE_KIND_DIRECTORY) {
        return ERR_WRONG_TYPE;
    }
    if (how & FILE_HOW_EXCLUSIVE) {
        return ERR_EXISTS;
    }
    return how & (FILE_HOW_WRITE | FILE_HOW_TRUNCATE) ? ERR_READ_ONLY : ERR_OK;
}

err_t file_on_write(struct client *client, const struct file_write_args *args,
                    struct file_write_results *results)
{
    (void)client;
    (void)args;
    (void)results;
    return ERR_READ_ONLY;
}

err_t file_on_truncate(struct client *client, const struct file_truncate_args *args)
{
    (void)client;
    (void)args;
    return ERR_READ_ONLY;
}

err_t file_on_make_directory(struct client *client, const struct file_make_directory_args *args,
                             struct file_make_directory_results *results)
{
    (void)client;
    (void)args;
    (void)results;
    return ERR_READ_ONLY;
}

err_t file_on_make_link(struct client *client, const struct file_make_link_args *args,
                        struct file_make_link_results *results)
{
    (void)client;
    (void)args;
    (void)results;
    return ERR_READ_ONLY;
}

err_t file_on_remove(struct client *client, const struct file_remove_args *args,
                     struct file_remove_results *results)
{
    (void)client;
    (void)args;
    (void)results;
    return ERR_READ_ONLY;
}

err_t file_on_rename(struct client *client, const struct file_rename_args *args,
                     struct file_rename_results *results)
{
    (void)client;
    (void)args;
    (void)results;
    return ERR_READ_ONLY;
}
