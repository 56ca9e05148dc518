/* SPDX-License-Identifier: MIT */
/* The page of a directory: one name after the other, each opened to see what it leads to. */
#include "abi/kernel_calls.h"
#include "http.h"
#include "pith/string.h"

struct page *page_take(void)
{
    for (uint32_t i = 0; i < PAGES_MAX; i++) {
        struct page *page = &web.pages[i];

        if (!page->is_used) {
            page->is_used = true;
            page->has_name = page->has_child = page->is_listed = page->is_json = false;
            return page;
        }
    }
    web.counts.busy++;
    return NULL;
}

static enum step child_close(struct page *page)
{
    if (page->has_child && files_close_now(&page->child) != ERR_OK) {
        return STEP_LATER;
    }
    page->has_child = false;
    return STEP_DONE;
}

enum step page_give(struct page *page)
{
    enum step step = child_close(page);

    page->is_used = step != STEP_DONE;
    return step;
}

void listing_begin(struct page *page, struct file *dir, const char *path)
{
    (void)http_page_begin(&page->html, page->text, sizeof(page->text), path);
    files_list(&page->list, dir);
}

/* The next name that is to be shown. DONE: page->has_name says whether there is one. */
static enum step name_get(struct page *page)
{
    while (!page->has_name) {
        err_t err = files_next(&page->list, &page->name);

        if (err == ERR_NO_ENTRY && page->list.is_last) {
            page->is_listed = true;
            return STEP_DONE;
        }
        if (err) {
            return err == ERR_NO_ENTRY ? STEP_LATER : source_judge(err);
        }
        page->has_name = strcmp(page->name.text, ".") != 0 && strcmp(page->name.text, "..") != 0;
    }
    return STEP_DONE;
}

/* What the name leads to. FAILED: nowhere, or to what is damaged: it is listed all the same. */
static enum step child_open(struct page *page, const char *path)
{
    size_t length = strlen(path);
    bool has_slash = path[length - 1] == '/';
    err_t err;

    memcpy(page->child_path, path, length);
    page->child_path[length] = '/';
    memcpy(page->child_path + length + !has_slash, page->name.text, page->name.length + 1ul);
    enum step step = source_open(page->child_path, 0, &page->child, &err);

    page->has_child = step == STEP_DONE;
    return step;
}

enum step listing_step(struct page *page, const char *path)
{
    struct http_entry entry = { .name = page->name.text };
    enum step step = child_close(page);

    if (step == STEP_DONE) {
        step = name_get(page);
    }
    if (step != STEP_DONE) {
        return step;
    }
    if (page->is_listed) {
        http_page_end(&page->html);
        return STEP_DONE;
    }
    step = child_open(page, path);
    if (step == STEP_LATER) {
        return STEP_LATER;
    }
    if (step == STEP_DONE) {
        entry.is_directory = page->child.kind == FILE_KIND_DIRECTORY;
        entry.bytes = page->child.bytes;
        entry.modified = (int64_t)(page->child.modified / NS_PER_S);
    }
    http_page_entry(&page->html, &entry);
    page->has_name = false;
    return STEP_DONE;
}
